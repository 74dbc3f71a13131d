"""The events as lines of JSON: flat, plain, and named for what happened."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest

from rollout.analysis.measuring.volumes import Volume
from rollout.analysis.verdicts import AnalysisResult, MetricResult, Verdict
from rollout.errors import Problem
from rollout.inventory.model import LEGACY_ONLY, Split
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout.migration.events import schema
from rollout.migration.gates import Gate, traffic_of
from rollout.state.plan import StackPreview
from tests.unit.builders import LEGACY_FORWARD, environment, live, rule_inputs, step, weighted

TEN = Split.at(Percent.of(10))
VOLUME = Volume(336, ("score",))
CHANGE = step("update", "score", rule_inputs("score", LEGACY_FORWARD), rule_inputs("score", weighted(90, 10)))
PREVIEW = StackPreview("routing", (CHANGE,))
TRAFFIC = traffic_of(environment(), live({"score": LEGACY_FORWARD}), {"score": TEN}, {"score": VOLUME})
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
FINDING = MetricResult(
    "server-errors",
    ("score",),
    Verdict.PASS,
    (1.5, 900),
    (0, 100),
    "no worse",
    numbers={"log-e": 1.5},
    unit="clients",
)
GATE = Gate("production", "weight", TRAFFIC, (PREVIEW,), ("mind the step",), drift=("moved",))

SCHEMA = events.json_schema()

EVENTS = (
    events.PhaseStarted("production", "weight", "Set a weight", ("routing",)),
    events.PreflightPassed("production", "123456789012", 2, 2),
    events.PreviewStarted("production", "routing", "change weights"),
    events.StepPreviewed("production", "weight", PREVIEW),
    events.GateOpened("production", GATE),
    events.GateApproved("production", "weight"),
    events.NothingToDo("production", "weight"),
    events.LockCleared("production", "routing", "ann@desk (pid 7)"),
    events.LeftoversSettled("production", "candidate", ("Role scorer",), ()),
    events.StepStarted("production", "routing", "change weights", 1),
    events.ResourceStarted("production", "routing", CHANGE),
    events.ResourceChanged("production", "routing", CHANGE, 0.4),
    events.StepApplied("production", "routing", 1, 2.5),
    events.RuleVerified("production", "score", "arn:rule/score", TEN),
    events.WeightSet("production", "score", None, TEN.weight),
    events.WeightSaved("production", "stacks.toml", TEN.weight),
    events.RampFollowed("production", "looked at 08:00 UTC"),
    events.LegacyQuiet("production", timedelta(days=7), 1234),
    events.LegacyLeft("production", "terraform", ("target group old with f",)),
    events.CompletionSaved("production", "stacks.toml"),
    events.OwnerToRelease("production", "terraform", ("score",), ("terraform state rm ADDRESS",), "change its code"),
    events.CommandRun("production", "terraform state rm ADDRESS"),
    events.OwnerReleased("production", "terraform", ("score",), "change its code"),
    events.RouteRolledBack("production", "score", TEN),
    events.RouteNotRolledBack("production", Problem("refused", "routes.score", "aws elbv2 modify-rule")),
    events.RollbackWaiting("production", ("the rules of public (DescribeRules)",)),
    events.RollbackFinished("production", ("score",), reconciled=False, reason="locked"),
    events.PhaseFinished("production", "weight", 1),
    events.BuildTakenBack("production", "scorer", "version 2", "version 1"),
    events.RampPickedUp("production", TEN.weight, MONDAY, (TEN.weight,), "history has no ramp"),
    events.Judged("production", TEN.weight, AnalysisResult(Verdict.PASS, (FINDING,), "no worse")),
    events.RampWaiting("production", TEN.weight, "waiting", "12m of 30m left", MONDAY),
    events.RampRaised("production", TEN.weight, "no worse"),
    events.RampFailed("production", TEN.weight, "worse", "rolled back", ("score",)),
    events.RampFinished("production", TEN.weight, "no worse"),
    events.RampNoted("production", "frozen", "ann@desk", None, MONDAY),
    events.RampsJudged("production", 25, 200),
    events.ParityPlanned("production", 100, 20, 300, timedelta(seconds=20), 0.01, 2, 1000),
    events.ParityAsked("production", 25, 100),
    events.Watching("production", ("rollout-shop-production-new-errors",), "https://console/"),
    events.ControllerInstalled("production", "rollout-shop-production-controller", timedelta(minutes=1)),
    events.FleetInstalled("production", "arn:aws:states:us-west-2:123456789012:stateMachine:shop"),
    events.GuardInstalled("production", "rollout-shop-production-guard", ("errors",), "silence"),
    events.Warned("production", "mind the step"),
)


def test_every_kind_of_event_is_here() -> None:
    kinds = set(schema.kinds())
    assert {type(event) for event in EVENTS} == kinds - {events.Event, events.RampEvent}


@pytest.mark.parametrize("event", EVENTS, ids=events.name_of)
def test_an_event_is_a_line_of_json_with_its_name_and_all_its_fields(event: events.Event) -> None:
    said = events.as_json(event)
    assert json.loads(json.dumps(said)) == said
    assert list(said)[:2] == ["event", "environment"]
    assert said["event"] == events.name_of(event)
    assert said["environment"] == "production"
    assert len(said) == 1 + len(fields(event))
    jsonschema.validate(said, SCHEMA)


def test_the_schema_is_of_these_events_alone() -> None:
    said = events.as_json(EVENTS[0])
    for wrong in ({**said, "event": "phase-begun"}, {**said, "stacks": "routing"}, {"event": said["event"]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)


def test_names_are_hyphenated() -> None:
    assert events.name_of(events.NothingToDo("production", "phase1")) == "nothing-to-do"


def test_weights_are_numbers_in_per_cent() -> None:
    changed = events.WeightSet("production", "score", Percent.of("33.3"), Percent(0))
    assert events.as_json(changed) == {
        "event": "weight-set",
        "environment": "production",
        "route": "score",
        "before": 33.3,
        "after": 0.0,
    }
    back = events.as_json(events.RouteRolledBack("production", "score", LEGACY_ONLY))
    assert back["before"] == {"weight": 0.0, "attached": False, "alone": False}


def test_a_gate_is_told_whole_but_for_the_inputs_of_resources() -> None:
    said = events.as_json(events.GateOpened("production", GATE))["gate"]
    (change,) = said["previews"][0]["changes"]
    assert change == {"op": "update", "type": CHANGE.type, "urn": CHANGE.urn, "properties": ["actions"]}
    assert said["previews"][0]["digest"] == PREVIEW.digest
    assert said["traffic"] == [
        {
            "route": "score",
            "endpoint": "GET /score/*",
            "load-balancer": "public",
            "priority": 10,
            "before": {"weight": 0.0, "attached": False, "alone": False},
            "after": {"weight": 10.0, "attached": True, "alone": False},
            "volume": {"per-minute": 336, "routes": ["score"]},
            "kept-before": None,
            "kept-after": 3600,
        }
    ]
    assert said["warnings"] == ["mind the step"]
    assert (said["drift"], said["uncounted"]) == (["moved"], None)
