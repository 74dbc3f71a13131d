"""Do the unit tests catch faults? Draws mutants of the pure modules and runs the tests that execute their lines.

Run by `nox -s mutants`. Arguments: how many to draw (500), `seed=WORD` to draw others, and parts of modules' names, to
draw from those alone.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.mutants.forks import ROOT
from tests.mutants.fresh import run_fresh, warm_up
from tests.mutants.operators import Mutant, mutants_of
from tests.mutants.reach import file_of, looked_at, modules_of
from tests.mutants.swapped import run_swapped

PURE = (
    *(f"rollout.migration.{name}" for name in ("desired", "gates", "phases", "policy", "rollback")),
    *(
        "rollout.migration.checks.ownership",
        "rollout.analysis.judge",
        "rollout.ramp.decide",
        "rollout.alb",
        "rollout.state.plan",
        "rollout.inventory.matching",
        "rollout.inventory.header_rules",
    ),
)
"""Modules, and packages of them."""
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
SEED, COUNT, WANTED = "rollout", 500, 0.9
OUTCOMES = ("killed", "survived", "not reached", "equivalent")


def drawn(modules: Sequence[str], count: int, seed: str) -> list[Mutant]:
    """So many mutants of the modules; a change of one line draws few others."""
    found = [mutant for module in modules for mutant in mutants_of(module, file_of(module).read_text("utf-8"))]
    return sorted(found, key=lambda mutant: (mutant.rank(seed), mutant.place))[:count]


def equivalents() -> Mapping[tuple[str, str, str], str]:
    """The mutants that change nothing that could be noticed, and why."""
    entries = tomllib.loads(EQUIVALENT.read_text("utf-8"))["equivalent"]
    return {(each["module"], each["line"], each["change"]): each["why"] for each in entries}


def main(arguments: Sequence[str]) -> int:
    """Draw, run and print a table; 1 if too few are killed."""
    names = [each for each in arguments if not each.isdecimal() and "=" not in each]
    seed = next((each.removeprefix("seed=") for each in arguments if each.startswith("seed=")), SEED)
    count = next((int(each) for each in arguments if each.isdecimal()), COUNT)
    whole = [module for name in PURE for module in modules_of(name)]
    modules = [module for module in whole if not names or any(name in module for name in names)]
    table: dict[str, Counter[str]] = defaultdict(Counter)

    def note(mutant: Mutant, outcome: str) -> None:
        table[mutant.module][outcome] += 1
        if outcome in ("survived", "not reached"):
            place = f"{file_of(mutant.module).relative_to(ROOT)}:{mutant.lines[0]}"
            print(f"{outcome}: {place}: {mutant.change}\n    {mutant.text}", flush=True)

    def ran(mutant: Mutant, survived: bool) -> None:
        note(mutant, "survived" if survived else "killed")

    warm_up()
    reach, known = looked_at(whole), equivalents()
    to_run: dict[bool, list[Mutant]] = {True: [], False: []}
    for mutant in drawn(modules, count, seed):
        if (mutant.module, mutant.text, mutant.change) in known:
            note(mutant, "equivalent")
        elif not reach.of(mutant):
            note(mutant, "not reached")
        else:
            to_run[mutant.at_import].append(mutant)
    run_fresh(to_run[True], reach, ran)
    run_swapped(to_run[False], reach, ran)
    return report(table)


def report(table: Mapping[str, Counter[str]]) -> int:
    """Print what became of the mutants by module; 1 if too few were killed."""
    total = sum(table.values(), Counter[str]())
    print(f"\n{'module':32}", *(f"{outcome:>11}" for outcome in OUTCOMES))
    for module, counts in [*sorted(table.items()), ("all", total)]:
        print(f"{module:32}", *(f"{counts[outcome]:11}" for outcome in OUTCOMES))
    share = total["killed"] / (total.total() - total["equivalent"] or 1)
    print(f"\n{share:.1%} of those that change something were killed")
    return 0 if share >= WANTED else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
