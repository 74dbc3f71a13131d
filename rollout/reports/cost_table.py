"""What functions cost, as a file of comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from rollout.analysis.cost.ledger import CostLedger
from rollout.base.output_file import write_output

COLUMNS = (
    *("environment", "until", "seconds", "region", "function", "side", "routes", "invocations", "gb-seconds"),
    *("init-gb-seconds", "log-bytes", "provisioned", "compute", "init", "requests", "logs", "provisioned-cost"),
    *("total", "per-million", "per-million-low", "per-million-high"),
)


def write_costs(found: CostLedger, path: Path, *, overwrite: bool = False) -> None:
    """Write a line a function, amounts in US dollars for the whole time; what isn't known is empty.

    Args:
        overwrite: Whether to replace an existing file.

    Raises:
        UsageError: There is a file already.
        RolloutError: It can't be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(found))
    write_output(path, text.getvalue().encode(), overwrite=overwrite)


def _rows(found: CostLedger) -> Iterator[tuple[object, ...]]:
    where = (found.environment, found.until.isoformat(), int(found.since.total_seconds()), found.region)
    for each in found.functions:
        spent, rate = each.spent, each.per_million
        yield (
            *where,
            *(each.function, each.side, " ".join(each.routes), each.invocations, each.gb_seconds),
            *(each.init_gb_seconds, each.log_bytes, each.provisioned),
            *((spent.compute, spent.init, spent.requests, spent.logs) if spent else (None,) * 4),
            *((spent.provisioned, spent.total) if spent else (None,) * 2),
            *((rate.value, rate.low, rate.high) if rate else (None,) * 3),
        )
