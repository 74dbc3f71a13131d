"""The figures that landed last, in landed.json: what is measured now is told beside them, and kept by `--write`.

Absolute times on shared machines mean little, so what is compared is a ratio, or a size. What has to be told in seconds
is compared by the seconds of a baseline that ran in turn with it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("landed.json")
GROWN = 1.1
"""From so many times the landed figure on it is worth a warning."""


@dataclass(frozen=True)
class Figure:
    """A measured figure.

    Attributes:
        name: What was measured.
        value: The less, the better.
        aim: At most this.
        more: What else is kept: seconds, for whoever wonders.
        ratio: Where the value is seconds: what it is of its baseline's, which is compared instead.
    """

    name: str
    value: float
    aim: float
    more: dict[str, float]
    ratio: float | None = None

    def report(self) -> None:
        """Print it beside the landed one, and write it in its place if that is wanted."""
        landed: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
        by = "value" if self.ratio is None else "ratio"
        measured = {"value": self.value, **({} if self.ratio is None else {by: self.ratio}), **self.more}
        now, before = measured[by], landed.get(self.name, {}).get(by)
        told = "nothing landed to compare with" if before is None else f"landed: {before:.2f}"
        of_baseline = "" if self.ratio is None else f"{now:.2f} of its baseline, "
        print(f"{self.name}: {self.value:.2f} (aim: at most {self.aim}; {of_baseline}{told})", flush=True)
        if before is not None and now > before * GROWN:
            print(f"! {self.name} has grown by {now / before - 1:.0%}", flush=True)
        if "--write" in sys.argv:
            kept = {key: round(value, 3) for key, value in measured.items()}
            landed[self.name] = {**kept, "aim": self.aim, "load": round(os.getloadavg()[0], 1)}
            FILE.write_text(json.dumps(landed, indent=2, sort_keys=True) + "\n", "utf-8")
