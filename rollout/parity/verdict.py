"""How often the candidate answers differently at most, or why that isn't known. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from rollout.analysis.exact import at_most
from rollout.base.formatting import count_of
from rollout.parity.comparing.places import HARMLESS, Place
from rollout.parity.rules import Rules
from rollout.parity.tally import Group, Tally

_OK = range(200, 400)
_SLOWER, _SLOWER_BY, _ENOUGH, _ENOUGH_COLD = 2.0, 0.05, 20, 3


class Result(StrEnum):
    """What is known of a route."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "no coverage"


@dataclass(frozen=True, slots=True)
class Difference:
    """A group of differences, as it is reported.

    Attributes:
        place: Where and how.
        requests: For how many requests the candidate differs there.
        noise: For how many legacy differs from itself there.
        count: How many there are.
        examples: Legacy's value and the candidate's, at most three.
    """

    place: str
    requests: int
    noise: int
    count: int
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RouteVerdict:
    """A route's.

    Attributes:
        route: Its name.
        result: What is known.
        requests: How many different requests were compared.
        different: For how many of them the candidate's answer differs.
        shapes: How many shapes they have.
        covered: The share of the route's requests, as they were read, whose shape was compared.
        why: Why nothing is known.
        notes: What else to know.
        differences: Groups that count, the most frequent first.
        noise: Groups that are legacy's own.
        harmless: Groups that have no meaning in HTTP.
        statuses: How many answers there were, by `legacy → candidate`.
        skipped: How many requests were not compared, by reason.
        rules: How many requests used each of the inventory's rules, by path.
        expired: The paths of rules whose last day is over.
        medians: Milliseconds, of legacy and of the candidate, of environments that were there; None where one has none.
        slower: Whether the candidate is much slower.
        cold_medians: Likewise of environments that were started for it.
        slower_cold: Whether the candidate is much slower to start.
    """

    route: str
    result: Result
    requests: int
    different: int
    shapes: int
    covered: float
    why: tuple[str, ...]
    notes: tuple[str, ...]
    differences: tuple[Difference, ...]
    noise: tuple[Difference, ...]
    harmless: tuple[Difference, ...]
    statuses: Mapping[str, int]
    skipped: Mapping[str, int]
    rules: Mapping[str, int]
    expired: tuple[str, ...]
    medians: tuple[float, float] | None
    slower: bool
    cold_medians: tuple[float, float] | None
    slower_cold: bool

    @property
    def at_most(self) -> float:
        """The share of different answers that it has at most, 95 % sure."""
        return at_most(self.different, self.requests)

    @property
    def sentence(self) -> str:
        """What is known, in words."""
        return sentence(self.different, self.requests)


def sentence(different: int, requests: int) -> str:
    """Such as `differs in at most 0.1 % of answers (95 % sure): 0 of 3,000`."""
    share = 100 * at_most(different, requests)
    said = f"{share:.2g}" if share < 10 else f"{share:.0f}"  # noqa: PLR2004 - two digits of either
    return f"differs in at most {said} % of answers (95 % sure): {different:,} of {requests:,}"


def verdict_of(
    route: str, tally: Tally, rules: Rules, *, varies: bool, read: Mapping[str, int] | None = None
) -> RouteVerdict:
    """A route's verdict.

    Args:
        read: How many requests were read of each shape.
        varies: Whether its requests can differ, since its path has wildcards.
    """
    noise = {place for place, group in tally.groups.items() if group.is_noise}
    counted = {place for place in tally.groups if place not in noise and place.kind not in HARMLESS}
    different = sum(1 for places in tally.requests.values() if places & counted)
    why = tuple(_unknown(tally, noise, varies=varies))
    result = Result.DIFFERENT if different else Result.UNKNOWN if why else Result.SAME
    ours, theirs = tally.took
    medians, slower = _compared(ours.warm, theirs.warm, _ENOUGH)
    cold_medians, slower_cold = _compared(ours.cold, theirs.cold, _ENOUGH_COLD)
    return RouteVerdict(
        route,
        result,
        len(tally.requests),
        different,
        len(tally.shapes),
        _covered(tally, read or {}),
        why,
        tuple(_notes(tally, slower=slower, slower_cold=slower_cold)),
        _told(tally, counted),
        _told(tally, noise),
        _told(tally, tally.groups.keys() - counted - noise),
        {f"{ours} → {theirs or 'none'}": count for (ours, theirs), count in tally.statuses.most_common()},
        dict(tally.skipped.most_common()),
        {each.path: tally.used[n] for n, each in enumerate(rules.all)},
        tuple(each.path for each in rules.expired),
        medians,
        slower,
        cold_medians,
        slower_cold,
    )


def _covered(tally: Tally, read: Mapping[str, int]) -> float:
    return sum(count for shape, count in read.items() if shape in tally.shapes) / max(sum(read.values()), 1)


def _unknown(tally: Tally, noise: set[Place], *, varies: bool) -> list[str]:
    why = []
    if not tally.requests:
        return ["no request was compared"]
    if not any(ours in _OK for ours, _ in tally.statuses):
        statuses = ", ".join(sorted({str(ours) for ours, _ in tally.statuses}))
        why.append(f"legacy answered all of them with {statuses}: equal refusals don't show parity")
    if varies and len(tally.requests) == 1:
        why.append("its parameters were never varied: there is one request")
    if any(group.noise for group in tally.groups.values()) and not tally.same:
        why.append("legacy's answers always differ from each other: all is noise")
    if tally.seeds is not None and not tally.seeds - noise:
        why.append("a test difference was not found: rules and noise hide it")
    return why


def _notes(tally: Tally, *, slower: bool, slower_cold: bool) -> list[str]:
    notes = []
    if len({ours for ours, _ in tally.statuses}) == 1:
        notes.append(f"legacy answered all with {next(iter(tally.statuses))[0]}")
    if tally.skipped:
        notes.append(f"{count_of(tally.skipped.total(), 'request')} skipped")
    if slower:
        notes.append("slower")
    if slower_cold:
        notes.append("slower cold starts")
    return notes


def _compared(
    legacy: Sequence[float], candidate: Sequence[float], enough: int
) -> tuple[tuple[float, float] | None, bool]:
    """The medians in milliseconds, and whether there are enough of both to say that the candidate is much slower."""
    if not legacy or not candidate:
        return None, False
    ours, theirs = median(legacy), median(candidate)
    is_slower = min(len(legacy), len(candidate)) >= enough and theirs > _SLOWER * ours and theirs - ours > _SLOWER_BY
    return (1000 * ours, 1000 * theirs), is_slower


def _told(tally: Tally, places: set[Place]) -> tuple[Difference, ...]:
    groups: list[tuple[Place, Group]] = [(place, tally.groups[place]) for place in sorted(places)]
    groups.sort(key=lambda each: -each[1].requests)
    return tuple(
        Difference(str(place), group.requests, group.noise, group.count, tuple(group.examples))
        for place, group in groups
    )
