"""Evaluates the alarms, each minute of the sandbox's clock, and has their actions done where a state changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import cast

from moto.cloudwatch.models import Alarm, cloudwatch_backends

from rollout_sandbox.agenda import Agenda
from rollout_sandbox.alarms.composites import holds, named_in
from rollout_sandbox.alarms.evaluation import Missing, State, evaluated
from rollout_sandbox.alarms.reasons import composite_reason, composite_reason_data, reason, reason_data
from rollout_sandbox.alarms.series import datapoints, period_of, rule_of
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.metrics import MINUTE
from rollout_sandbox.minutes import EachMinute
from rollout_sandbox.strict.alarm_states import Standing, Transition, stand
from rollout_sandbox.strict.cloudwatch import MeasuredCloudWatch

_log = logging.getLogger("rollout.sandbox")


class AlarmWatch:
    """The alarms of all accounts.

    Args:
        agenda: When things are done.
        clock: The sandbox's.
        turn: Held by whoever reads or changes moto's state.
        act: What to do about a change of state, out of turn.
    """

    def __init__(
        self, agenda: Agenda, clock: SandboxClock, turn: threading.Lock, act: Callable[[Transition], None]
    ) -> None:
        self._agenda, self._clock, self._turn, self._act = agenda, clock, turn, act
        self._minutes = EachMinute(agenda, clock, self._look)
        for backend in _backends():
            backend.transitions.clear()  # of an earlier life
        self.refresh()

    def refresh(self) -> None:
        """Go by the alarms that are there now; called in turn with moto's changes."""
        now = self._clock.now()
        for backend in _backends():
            self._settle(backend, now)
        if any(backend.alarms for backend in _backends()):
            self._minutes.begin()

    def _look(self, minute: int, at: datetime) -> bool:
        """Evaluate all alarms as of the end of a minute."""
        with self._turn:
            for backend in _backends():
                for alarm in list(backend.alarms.values()):
                    try:
                        changed = _evaluated(alarm, backend, minute, at)
                    except Exception:  # noqa: BLE001 - whatever it is, the others are evaluated
                        _log.exception("the alarm %s can't be evaluated", alarm.name)
                    else:
                        backend.transitions += [changed] if changed else []
                backend.transitions += _new(backend.alarms, at)
                self._settle(backend, at)
            return any(backend.alarms for backend in _backends())

    def _settle(self, backend: MeasuredCloudWatch, at: datetime) -> None:
        """Let composite alarms follow, and have actions done."""
        for changed in backend.transitions:
            backend.transitions += _following(changed.alarm, backend.alarms, at)  # those that follow are looked at, too
            self._agenda.at(at, partial(self._act, changed))
        backend.transitions.clear()


def _backends() -> Iterator[MeasuredCloudWatch]:
    for _, _, backend in list(cloudwatch_backends.iter_backends()):
        assert isinstance(backend, MeasuredCloudWatch)  # noqa: S101 - `strict` put it there
        yield backend


def _evaluated(alarm: Alarm, backend: MeasuredCloudWatch, end: int, at: datetime) -> Transition | None:
    """Evaluate a metric alarm; those with periods of seconds, or a threshold by a model, stay as they are."""
    if alarm.rule or alarm.threshold_metric_id or period_of(alarm) % MINUTE:
        return None
    rule, periods = rule_of(alarm), int(alarm.evaluation_periods)
    missing = cast("Missing", alarm.treat_missing_data or "missing")
    recent = datapoints(alarm, backend.measured, backend.account_id, end)
    verdict = evaluated(recent, periods, rule.to_alarm or periods, missing)
    before = Standing.of(alarm)
    if verdict.state is None or verdict.state == before.value:
        return None
    text = reason(rule, before.value, verdict.state, verdict)
    return stand(alarm, Standing(verdict.state, text, reason_data(rule, verdict, at), at))


def _following(part: Alarm, alarms: Mapping[str, Alarm], at: datetime) -> Iterator[Transition]:
    """The composite alarms that change as a part has changed."""
    for alarm in alarms.values():
        if alarm.rule and part.name in named_in(alarm.rule):
            yield from _settled(alarm, part, alarms, at)


def _new(alarms: Mapping[str, Alarm], at: datetime) -> Iterator[Transition]:
    """The composite alarms that were never evaluated, once their parts were; a state that was set stays, as on AWS."""
    for alarm in alarms.values():
        parts = sorted(named_in(alarm.rule)) if alarm.rule and alarm.state_value == "INSUFFICIENT_DATA" else ()
        for part in parts[:1]:
            yield from _settled(alarm, alarms[part], alarms, at)


def _settled(alarm: Alarm, part: Alarm, alarms: Mapping[str, Alarm], at: datetime) -> Iterator[Transition]:
    states = {name: each.state_value for name, each in alarms.items()}
    value: State = "ALARM" if holds(alarm.rule or "", states) else "OK"
    told = part.alarm_arn, Standing.of(part).value, at
    if (
        changed := stand(alarm, Standing(value, composite_reason(*told), composite_reason_data(*told), at))
    ) is not None:
        yield changed
