"""A result as a sentence, for people who read it at night."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from rollout.analysis.metrics import Count, Unit
from rollout.analysis.streams import CODES, Stream
from rollout.analysis.weighing import Evidence, harm_of
from rollout.base.formatting import count_of
from rollout.inventory.ramp_settings import Analysis, MetricName

NAMES: Mapping[MetricName, str] = {
    "server-errors": "5xx",
    "client-errors": "4xx",
    "lambda-errors": "Lambda errors",
    "throttles": "throttles",
    "latency-p50": "p50 latency",
    "latency-p99": "p99 latency",
    "function-errors": "function errors",
    "duration-p50": "p50 duration",
    "duration-p99": "p99 duration",
    "cold-starts": "cold starts",
}
"""The metrics' names in sentences."""


def called_metric(stream: Stream) -> str:
    """What a stream counts: "5xx", "403", or "400, 409 and other 4xx"."""
    if not stream.codes or stream.codes == CODES:
        return NAMES[stream.metric]
    *codes, last = (f"other {NAMES[stream.metric]}" if code == CODES[-1] else code for code in stream.codes)
    return f"{', '.join(codes)} and {last}" if codes else last


def of_fail(evidence: Evidence, analysis: Analysis) -> str:
    """Why a stream fails: "5xx 1.2 % of 3,410 against legacy's 0.1 % of 64,900: at least 6 times worse (99 % sure)"."""
    stream, fault = evidence.stream, evidence.fault
    if fault is None:
        raise ValueError("a stream that doesn't fail has no such sentence")
    if latency := stream.latency:
        beside = _beside(stream, fault.candidate, fault.legacy, latency.tolerated)
        how = f"higher by more than {_seconds(latency.tolerated - latency.limit)}"
    else:
        beside = _beside(stream, fault.candidate, fault.legacy)
        how = f"at least {evidence.at_least:.3g} times worse"
        how += "" if fault.legacy[1] else f" than {stream.names[0]} was before"
    began = f" since {stream.start + timedelta(minutes=fault.first):%H:%M} UTC" if fault.first else ""
    return f"{beside}{began}: {how} ({_sure(analysis.false_alarms, stream, evidence.phi)})"


def of_together(stream: Stream, candidate: Count, legacy: Count, streams: int, analysis: Analysis) -> str:
    """Why several streams of one metric fail together, though perhaps none by itself."""
    limit = stream.latency.tolerated if stream.latency else 0.0
    worse = f"worse on {streams} of them together ({_sure(analysis.false_alarms, stream)})"
    return f"{_beside(stream, candidate, legacy, limit)}: {worse}"


def of_pass(evidence: Evidence, analysis: Analysis) -> str:
    """Why a stream passes: "5xx 0.1 % of 3,410 against legacy's 0.1 % of 64,900: no worse than 0.6 % (95 % sure)"."""
    sure = _sure(analysis.missed, evidence.stream, evidence.phi)
    return f"{_all(evidence)}: {_harmful(evidence, ruled_out=True)} ({sure})"


def of_wait(evidence: Evidence) -> str:
    """Why a stream neither fails nor passes, and how many requests it takes."""
    unit, clusters = evidence.stream.unit, _clusters(evidence.stream, evidence.phi)
    if evidence.suspicion:
        return f"{_all(evidence)}: seems worse, not yet surely{clusters}"
    missing = "" if evidence.needs is None else f"; needs about {_round(evidence.needs, unit)}"
    return f"{_all(evidence)}: may still be {_harmful(evidence)}{clusters}{missing}"


def of_no_data(stream: Stream) -> str:
    """Which requests are missing."""
    legacy, candidate = stream.legacy.requests.sum(), stream.candidate.requests.sum()
    old, new = stream.names
    where = old if candidate else new if legacy else "either implementation"
    return f"{called_metric(stream)}: no requests in {where}"


def of_silence(stream: Stream, who: str, minute: int) -> str:
    """Which implementation has fallen silent, and since which minute of the step, from 0."""
    where = stream.names[0 if who == "legacy" else 1]
    return f"{called_metric(stream)}: no requests in {where} since {stream.start + timedelta(minutes=minute):%H:%M} UTC"


def of_ceiling(stream: Stream, ceiling: float, how: str, risk: float | None) -> str:
    """A metric compared with its ceiling.

    Args:
        ceiling: The share of bad requests that is allowed, 0 to 1.
        how: A word such as "above".
        risk: The risk of error; None without a claim.
    """
    over = f" took longer than {_seconds(stream.latency.tolerated)}" if stream.latency else ""
    name = called_metric(stream) + (":" if stream.latency else "")
    end = "" if risk is None else f" ({_sure(risk, stream)})"
    return f"{name} {_of(*stream.candidate.total)}{over}: {how} the ceiling of {_share(ceiling)}{end}"


def _all(evidence: Evidence) -> str:
    stream = evidence.stream
    arm = stream.harmful or stream.candidate
    return _beside(stream, arm.total, stream.legacy.total, stream.latency.harmful if stream.latency else 0.0)


def _beside(stream: Stream, candidate: Count, legacy: Count, limit: float = 0.0) -> str:
    name, new, old, once = called_metric(stream), _of(*candidate), _of(*legacy), ""
    old = f"{stream.names[0]}'s {old}" if legacy[1] else old
    if stream.unit == "clients":
        new, old, once = f"{new} clients' requests", f"{old} clients'", ", each client counted once"
    if stream.latency is None:
        return f"{name} {new} against {old}{once}"
    once += ", limits renewed" if stream.latency.renewed else ""
    ours, theirs = _seconds(limit), _seconds(stream.latency.limit)
    return f"{name}: {new} took longer than {ours} against {old} longer than {theirs}{once}"


def _harmful(evidence: Evidence, *, ruled_out: bool = False) -> str:
    stream = evidence.stream
    if latency := stream.latency:
        by = _seconds(latency.harmful - latency.limit)
        return f"higher by less than {by}" if ruled_out else f"higher by {by} or more"
    relative, absolute = harm_of(stream, evidence.harm)
    base = float(stream.legacy.events.sum() / stream.legacy.requests.sum())
    worse = f"worse than {_share(min(1.0, base + max(base * relative, absolute)))}"
    return f"no {worse}" if ruled_out else worse


def _of(bad: float, requests: int) -> str:
    return f"{_share(bad / requests)} of {requests:,}" if requests else "no requests"


def _share(rate: float) -> str:
    """A share of requests, 0 to 1, in per cent with two digits."""
    percent = rate * 100
    if not percent or percent >= 9.95:  # noqa: PLR2004 - from here on two digits have no decimals
        return f"{percent:.0f} %"
    text = f"{percent:.2g}"
    return f"{percent:.5f} %" if "e" in text else f"{text} %"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.3g} ms"


def _sure(risk: float, stream: Stream, phi: float = 1) -> str:
    return f"{(1 - risk) * 100:.4g} % sure{_clusters(stream, phi)}"


def _clusters(stream: Stream, phi: float) -> str:
    return f", with {phi:.2g} bad {stream.unit} at a time" if phi > 1 else ""


def _round(needs: int, unit: Unit) -> str:
    known = int(float(f"{needs:.2g}")) if needs >= 1000 else needs  # noqa: PLR2004 - it is about that many
    return count_of(known, f"more {unit.removesuffix('s')}")
