"""This repository's samples: one for each route, which its endpoints answer as they should."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from programs.endpoints import handler
from rollout.alb.invocation import Invocation
from rollout.migration.smoke.run import Smoke
from rollout.migration.smoke.samples import read_samples
from tests.unit.seed import SEED, seed_live


class Endpoints:
    def invoke(self, function: str, event: Mapping[str, object], limit: timedelta) -> Invocation:
        assert limit > timedelta(0)
        return Invocation(handler(dict(event), SimpleNamespace(function_name=function)), None, timedelta(0))


def test_each_route_has_a_sample_and_its_endpoint_answers_it() -> None:
    samples = read_samples(SEED.root / "samples", SEED, wanted=True, variables={})
    assert samples.keys() == SEED.routes.keys()
    report = Smoke(SEED, seed_live(), Endpoints(), datetime.now(UTC)).run(samples, tuple(SEED.routes), 1)
    assert report.problems == ()
    assert {route.status for route in report.routes} == {200}
