"""The figures that landed last, in landed.json: what is measured now is told beside them, and kept by `--write`.

Absolute times on shared machines mean little, so what is compared is a ratio, or a size.
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
    """

    name: str
    value: float
    aim: float
    more: dict[str, float]

    def report(self) -> None:
        """Print it beside the landed one, and write it in its place if that is wanted."""
        landed: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
        before = landed.get(self.name, {}).get("value")
        told = "nothing landed yet" if before is None else f"landed: {before:.2f}"
        print(f"{self.name}: {self.value:.2f} (aim: at most {self.aim}; {told})", flush=True)
        if before is not None and self.value > before * GROWN:
            print(f"! {self.name} has grown by {self.value / before - 1:.0%}", flush=True)
        if "--write" in sys.argv:
            load = round(os.getloadavg()[0], 1)
            landed[self.name] = {"value": round(self.value, 3), "aim": self.aim, **self.more, "load": load}
            FILE.write_text(json.dumps(landed, indent=2, sort_keys=True) + "\n", "utf-8")
