"""From stacks.toml to one checked inventory an environment, or to every problem of the file at once.

The stages: text → TOML → shared tables with each environment's laid over them → models → cross checks. A broken entry
doesn't hide the problems of the others: it is left out, and the rest is checked on.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rollout.base import files
from rollout.base.formatting import count_of
from rollout.errors import ConfigError, Problem, UsageError
from rollout.inventory.file.bounds import too_deep, unfit
from rollout.inventory.file.checks import cross_check
from rollout.inventory.file.findings import Finding, dotted, findings_of, keys_of, suggestion, unknown_key
from rollout.inventory.file.layout import Keys, Layout
from rollout.inventory.file.listeners import as_in_file, listener_findings, with_each_listener
from rollout.inventory.file.sharing import Clash, clashes, with_default_names
from rollout.inventory.file.tables import DERIVED, FEATURES, NAMED_TABLES, SHARED, File
from rollout.inventory.fleets import Fleet, with_answer_roles
from rollout.inventory.model import Environment
from rollout.inventory.ramp_settings import Ramp

LARGEST = 2**20
"""Bytes of an inventory; one of a thousand routes has a quarter of it."""
_BARE_TEXT = re.compile(r"""[ \t]*([\w.-]+)[ \t]*=[ \t]*[^\s"'\[{#]""")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
MOST = 100
"""Problems that are told of at once."""


@dataclass(frozen=True, slots=True)
class StacksFile:
    """A stacks.toml that holds together in each of its environments.

    What is wrong in a table of `FEATURES`, or with its fleets, stops those alone that go by it.

    Attributes:
        path: The file.
    """

    path: Path
    _environments: Mapping[str, Environment] = field(repr=False)
    _fleets: Mapping[str, Fleet] = field(repr=False, default_factory=dict)
    _fleet_faults: tuple[Problem, ...] = field(repr=False, default=())

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong all the same, of all environments and the fleets, each said once."""
        faults = chain.from_iterable(chain.from_iterable(e.faults.values()) for e in self._environments.values())
        return tuple(dict.fromkeys((*faults, *self._fleet_faults)))

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the environments, in the file's order."""
        return tuple(self._environments)

    def check(self) -> None:
        """Go on only if nothing at all is wrong.

        Raises:
            ConfigError: With every problem of the file.
        """
        if self.problems:
            raise ConfigError(count_of(len(self.problems), "problem"), self.problems, where=str(self.path))

    def environment(self, name: str) -> Environment:
        """The inventory as it holds in one environment.

        Raises:
            UsageError: There is no environment of this name.
        """
        if name not in self._environments:
            what = f"unknown environment {name!r}{suggestion(name, self._environments)}"
            hint = f"known: {', '.join(self._environments)}"
            if name in self._fleets:
                hint = f"{name} is a fleet, with commands of its own, such as `rollout fleet history {name}`"
            raise UsageError(what, where=self.path.name, hint=hint, code="unknown-environment")
        return self._environments[name]

    def fleet(self, fleet: str) -> Fleet:
        """A fleet.

        Raises:
            UsageError: There is no fleet of that name.
            ConfigError: The fleets don't hold together.
        """
        if self._fleet_faults:
            raise ConfigError(count_of(len(self._fleet_faults), "problem"), self._fleet_faults, where=str(self.path))
        if fleet not in self._fleets:
            known = f"known: {', '.join(self._fleets)}" if self._fleets else "[fleets.NAME] tables name them"
            what = f"unknown fleet {fleet!r}{suggestion(fleet, self._fleets)}"
            raise UsageError(what, where=self.path.name, hint=known, code="unknown-fleet")
        return self._fleets[fleet]


def load(path: Path) -> StacksFile:
    """Read an inventory.

    Args:
        path: stacks.toml.

    Raises:
        ConfigError: With every problem of the file, each with its line, if one of them stops every command.
    """
    return parse(read_text(path), path)


def read_text(path: Path) -> str:
    """The file's text with its line ends as they are.

    Raises:
        ConfigError: There is no such file, it isn't UTF-8 text, or it is too large.
    """
    try:
        return files.read_text(path, most=LARGEST)
    except files.NoSuchFile as error:
        hint = "name the inventory with --file or ROLLOUT_FILE, or run the command in its folder"
        raise ConfigError(str(error), (), where=str(path), hint=hint, code="file-missing") from None
    except files.NotText as error:
        raise ConfigError(str(error), (), where=str(path), hint="save it as UTF-8", code="not-utf8") from None
    except files.Unreadable as error:
        raise ConfigError(str(error), (), where=str(path), code="file-unreadable") from None


def parse(text: str, path: Path) -> StacksFile:
    """Read an inventory from its text; the path is for errors and for relative paths."""
    data = _toml(text, path)
    if out_of_bounds := list(islice(unfit(data), MOST)):
        raise _error(out_of_bounds, text, path)
    file, of_file = _file(data)
    # a feature's table that is no table is a fault of the file's
    of_fleets = [finding for finding in of_file if finding.at[:1] == ("fleets",) and len(finding.at) > 1]
    findings = [finding for finding in of_file if finding not in of_fleets]
    environments, faults, others = _environments(data, path)
    findings += others
    if findings or faults.keys() - environments.keys():
        of_features = chain.from_iterable(chain.from_iterable(tables.values()) for tables in faults.values())
        raise _error((*findings, *of_fleets, *of_features), text, path)
    for name, tables in faults.items():
        told = {table: _problems(each, text, path) for table, each in tables.items()}
        environments[name] = _without(environments[name], told)
    environments = with_default_names(environments)
    for name, clashing in groupby(clashes(environments), key=lambda clash: clash.environment):
        shared = _problems([_clash(each, data) for each in clashing], text, path)
        known = {**environments[name].faults, "functions": shared}
        environments[name] = environments[name].model_copy(update={"faults": known})
    fleets = file.fleets if file else {}
    return StacksFile(path, with_answer_roles(environments, fleets), fleets, _problems(of_fleets, text, path))


_Faults = dict[str, dict[str, list[Finding]]]


def _environments(data: dict[str, Any], path: Path) -> tuple[dict[str, Environment], _Faults, list[Finding]]:
    """Each environment that can be read; what is wrong with tables of its features, by both names; and all the rest."""
    tables = data.get("environments")
    # Without an environment the shared tables are still worth checking.
    owns = tables if isinstance(tables, dict) and tables else {"": {}}
    environments: dict[str, Environment] = {}
    faults: _Faults = {}
    others: list[Finding] = []
    for name, own in owns.items():
        if not isinstance(own, dict):
            continue
        environment, found = _of_one(name, own, data, path)
        for finding in found:
            table, placed = str(finding.at[0]), _placed(finding, name, data)
            if table in FEATURES and len(finding.at) > 1:
                faults.setdefault(name, {}).setdefault(table, []).append(placed)
            elif name or table in SHARED:
                others.append(placed)
        if environment:
            environments[name] = environment
    return environments, faults, others


def _of_one(
    name: str, own: dict[str, Any], data: dict[str, Any], path: Path
) -> tuple[Environment | None, list[Finding]]:
    """An environment of its own table and the shared ones, and what is wrong with it."""
    merged = _merged({key: data[key] for key in SHARED if key in data}, own)
    merged |= {"name": name, "project": _project(data), "root": path.resolve().parent}
    environment, found = _environment(merged)
    return environment, [*found, *(unknown_key((key,), keys_of(Environment)) for key in own if key in DERIVED)]


def _without(environment: Environment, faults: Mapping[str, tuple[Problem, ...]]) -> Environment:
    """An environment that knows which of its features can't be gone by, which have their defaults."""
    usual = {key: each for key, each in Environment.model_fields.items() if (each.alias or key) in faults}
    defaults = {key: each.get_default(call_default_factory=True, validated_data={}) for key, each in usual.items()}
    if "ramp" in defaults:
        defaults["ramp"] = Ramp(parity=environment.ramp.parity)
    return environment.model_copy(update={**defaults, "faults": faults})


def _toml(text: str, path: Path) -> dict[str, Any]:
    if deep := too_deep(text):
        problem = Problem("a key has too many parts", f"{path.name}:{deep}", code="out-of-bounds")
        raise ConfigError("is not valid TOML", [problem], where=str(path))
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        said = _said(error)
        at = _PLACE.search(said)
        what, line, column = said, str(text.count("\n") + 1), None
        if at:
            what, line, column = said[: at.start()], at[1] or line, at[2]
        ending = f", at column {column}" if column else ", at the end of the file" if at else ""
        place = f"{path.name}:{line}" if at else path.name
        problem = Problem(
            f"{what[0].lower()}{what[1:]}{ending}",
            place,
            _unquoted(text, int(line)) if column else None,
            code="invalid-toml",
        )
        raise ConfigError("is not valid TOML", [problem], where=str(path)) from None


def _unquoted(text: str, line: int) -> str | None:
    """A hint where a text seems to have no quotes; without the text, which may be a secret."""
    found = _BARE_TEXT.match(text.split("\n")[line - 1])
    return f'quote it: {found[1]} = "…"' if found else None


def _said(error: Exception) -> str:
    """What TOML's reader says, but for what Python says through it."""
    if isinstance(error, RecursionError):
        return "tables and lists are nested too deeply"
    return "a number has too many digits" if "int_max_str_digits" in str(error) else str(error)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _file(data: dict[str, Any]) -> tuple[File | None, list[Finding]]:
    """The outer shape, if its values fit, and what is wrong with it."""
    try:
        file = File.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        return None, [*findings_of(error, File)]
    return file, [*_unknown_environments(file)]


def _unknown_environments(file: File) -> Iterator[Finding]:
    for fleet, table in file.fleets.items():
        for name in chain.from_iterable(table.waves):
            if name not in file.environments:
                what = f"unknown environment {name!r}{suggestion(name, file.environments)}"
                yield Finding(
                    ("fleets", fleet, "waves"),
                    what,
                    f"known: {', '.join(file.environments)}",
                    code="unknown-environment",
                )


def _project(data: dict[str, Any]) -> str:
    """The project's name; what is wrong with it is the file's finding, not each environment's."""
    table = data.get("project")
    name = table.get("name") if isinstance(table, dict) else None
    return name if isinstance(name, str) else ""


def _environment(merged: dict[str, Any]) -> tuple[Environment | None, list[Finding]]:
    """One environment of merged tables, without the entries that don't fit, and what is wrong with it."""
    found: list[Finding] = []
    try:
        sound = _validated(merged)
    except ValidationError as error:
        found += findings_of(error)
        try:
            sound = _validated(_without_broken(merged, error))
        except ValidationError:
            return None, found
    named = {table: merged.get(table) for table in NAMED_TABLES}
    names = {table: set(entries) if isinstance(entries, dict) else set() for table, entries in named.items()}
    found += listener_findings(sound)
    sound = with_each_listener(sound)
    return sound, [*found, *islice(as_in_file(cross_check(sound, names), sound), MOST)]


def _validated(merged: Mapping[str, Any]) -> Environment:
    return Environment.model_validate(merged, by_alias=True, by_name=False)


_STAND_INS = {
    "account": "000000000000",
    "region": "us-east-1",
}


def _without_broken(merged: Mapping[str, Any], error: ValidationError) -> dict[str, Any]:
    """The tables without the entries that pydantic refused, and stand-ins for what an environment can't be without."""
    kept = {
        key: dict(value) if key in NAMED_TABLES and isinstance(value, dict) else value for key, value in merged.items()
    }
    for detail in error.errors(include_url=False):
        table, *rest = detail["loc"]
        if rest and isinstance(entries := kept.get(str(table)), dict) and table in NAMED_TABLES:
            entries.pop(rest[0], None)
        else:
            kept.pop(str(table), None)
    ramp = merged.get("ramp")
    if "ramp" not in kept and isinstance(ramp, dict) and ramp.get("parity", "off") != "off":
        kept["ramp"] = {"parity": "required"}  # a slip beside it doesn't lift it
    return _STAND_INS | kept


def _placed(finding: Finding, environment: str, data: dict[str, Any]) -> Finding:
    """A finding of an environment's merged tables, with the keys of the file in place of the environment's."""
    return replace(
        finding,
        at=_in_file(finding.at, environment, data),
        other=finding.other and _in_file(finding.other, environment, data),
    )


def _in_file(at: Keys, environment: str, data: dict[str, Any]) -> Keys:
    own = ("environments", environment)
    above, below = _depth((*own, *at), data) - len(own), _depth(at, data)
    return at if at[0] in SHARED and above < len(at) and above <= below else (*own, *at)


def _depth(keys: Keys, data: Any) -> int:
    """How many of the keys lead somewhere, one after the other."""
    for depth, key in enumerate(keys):
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(keys)


def _clash(found: Clash, data: dict[str, Any]) -> Finding:
    """Of the later environment, whose own table can say otherwise."""
    table, key, setting = found.at[0], found.at[1], ".".join(map(str, found.at[2:]))
    hint = f"set another name in [environments.{found.environment}.{table}.{key}], as {setting}"
    what = f"environment {found.other} of the same account already creates {found.what}"
    return Finding(_in_file(found.at, found.environment, data), what, hint, code="name-shared")


def _error(findings: Iterable[Finding], text: str, path: Path) -> ConfigError:
    problems = _problems(findings, text, path)
    return ConfigError(count_of(len(problems), "problem"), problems, where=str(path))


def _problems(findings: Iterable[Finding], text: str, path: Path) -> tuple[Problem, ...]:
    """Findings with their lines, in the order of the file."""
    findings = tuple(findings)
    if not findings:
        return ()  # a file without any needs no layout
    layout = Layout(text)
    problems = {}
    for finding in findings:
        line = layout.line(finding.at)
        place = f"{path.name}:{line}" + (f": {dotted(finding.at)}" if finding.at else "")
        clash = f", line {layout.line(finding.other)}" if finding.other else ""
        # What is wrong with a shared table is wrong in every environment, and said once.
        problems[line, place, finding.what] = Problem(finding.what + clash, place, finding.hint, code=finding.code)
    ordered = sorted(problems.items(), key=lambda item: item[0])
    return tuple(problem for _, problem in ordered[:MOST])
