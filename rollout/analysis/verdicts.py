"""What a judgement comes to, with its numbers and one plain sentence for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Verdict(StrEnum):
    """What a step's evidence says; only a Pass goes on."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class MetricResult:
    """The verdict on one metric of some routes.

    Attributes:
        metric: Its name.
        routes: The routes that it is about.
        verdict: The verdict.
        legacy: Legacy's events and requests.
        candidate: The candidate's events and requests.
        sentence: In words: "5xx 1.2 % of 3,410 against 0.1 % of 64,900: at least 6 times worse (99 % sure)".
        needs: About how many more of its requests a Pass takes; None if none, or if it can't be told.
        numbers: What else it rests on: the e-values, bounds and levels, by name.
    """

    metric: str
    routes: tuple[str, ...]
    verdict: Verdict
    legacy: tuple[int, int]
    candidate: tuple[int, int]
    sentence: str
    needs: int | None = None
    numbers: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """The verdict on a step.

    Attributes:
        verdict: Fail if one finding fails; Pass if all pass; NoData if nothing could be judged; else Inconclusive.
        findings: By routes and metric, the worst first.
        sentence: The finding that decides, in words.
        notes: What can't be compared, and why.
    """

    verdict: Verdict
    findings: tuple[MetricResult, ...]
    sentence: str
    notes: tuple[str, ...] = ()

    @property
    def needs(self) -> int | None:
        """About how many more of the candidate's requests are needed; None if none, or if it can't be told."""
        return max((finding.needs for finding in self.findings if finding.needs), default=None)

    @property
    def failed_routes(self) -> tuple[str, ...]:
        """The routes whose findings fail."""
        failed = [finding.routes for finding in self.findings if finding.verdict is Verdict.FAIL]
        return tuple(dict.fromkeys(route for routes in failed for route in routes))


def called(routes: Sequence[str]) -> str:
    """Routes in short: `score`, or `score and 3 more`, since those that share a target group may be many."""
    first, *others = routes
    return f"{first} and {len(others)} more" if others else first


def unless_unseen(judgement: AnalysisResult, unseen: Sequence[str]) -> AnalysisResult:
    """A judgement that isn't a Pass while there are routes of which nothing can be compared."""
    if not unseen:
        return judgement
    said = f"nothing can be compared of {', '.join(unseen)}"
    blind = MetricResult("requests", tuple(unseen), Verdict.NO_DATA, (0, 0), (0, 0), said)
    findings = (*judgement.findings, blind)
    if judgement.verdict is not Verdict.PASS:
        return replace(judgement, findings=findings)
    return replace(judgement, verdict=Verdict.NO_DATA, findings=findings, sentence=said)
