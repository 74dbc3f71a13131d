"""The judge's results, each with numbers and one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rollout.analysis.metrics import Count, Unit


class Verdict(StrEnum):
    """The verdict on a step; only a Pass goes on."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class MetricResult:
    """The verdict on one metric of some routes.

    Attributes:
        metric: Its name.
        routes: Its routes.
        verdict: The verdict.
        legacy: Legacy's events, and requests or clients.
        candidate: The candidate's events, and requests or clients.
        sentence: Such as "5xx 1.2 % of 3,410 against 0.1 % of 64,900: at least 6 times worse (99 % sure)".
        needs: About how many more requests or clients a Pass takes; None if none, or if unknown.
        numbers: The e-values, bounds and levels, by name.
        unit: What is counted: requests, or clients.
        codes: Of 4xx, which; all together without any.
        pace: How many of the candidate's requests came in a minute lately; None if unknown, and of clients.
    """

    metric: str
    routes: tuple[str, ...]
    verdict: Verdict
    legacy: Count
    candidate: Count
    sentence: str
    needs: int | None = None
    numbers: Mapping[str, float] | None = None
    unit: Unit = "requests"
    codes: tuple[str, ...] = ()
    pace: float | None = None


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """The verdict on a step.

    Attributes:
        verdict: Fail if one finding fails; Pass if all pass; NoData if nothing could be judged; else Inconclusive.
        findings: By routes and metric, worst first.
        sentence: The deciding finding.
        notes: What can't be compared, and why.
    """

    verdict: Verdict
    findings: tuple[MetricResult, ...]
    sentence: str
    notes: tuple[str, ...] = ()

    @property
    def needs(self) -> int | None:
        """About how many more of the candidate's requests are needed; None if none, or if unknown."""
        return max((finding.needs for finding in self.findings if finding.needs), default=None)

    @property
    def failed_routes(self) -> tuple[str, ...]:
        """The routes whose findings fail."""
        failed = [finding.routes for finding in self.findings if finding.verdict is Verdict.FAIL]
        return tuple(dict.fromkeys(route for routes in failed for route in routes))


def called(routes: Sequence[str]) -> str:
    """Routes in short: `score`, or `score and 3 more`, since many may share a target group."""
    first, *others = routes
    return f"{first} and {len(others)} more" if others else first


def unless_unseen(judgement: AnalysisResult, unseen: Sequence[str]) -> AnalysisResult:
    """The result, but no Pass while some routes can't be compared at all."""
    if not unseen:
        return judgement
    said = f"these routes can't be compared at all: {', '.join(unseen)}"
    blind = MetricResult("requests", tuple(unseen), Verdict.NO_DATA, (0, 0), (0, 0), said)
    findings = (*judgement.findings, blind)
    if judgement.verdict is not Verdict.PASS:
        return replace(judgement, findings=findings)
    return replace(judgement, verdict=Verdict.NO_DATA, findings=findings, sentence=said)
