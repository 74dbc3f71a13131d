"""Changes count from the next request on, or later where nodes are said to be late; addresses come and go."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from rollout.errors import SandboxError
from rollout.inventory.quantities import Percent
from rollout_sandbox import Profile, Sandbox, daemon
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import REGION, Tenant

HANDLER = """
def answer(event, context):
    return {"statusCode": 200, "headers": {"x-served-by": "%s"}, "body": context.function_name}
"""


def test_a_change_counts_from_the_next_request_on(site: Site) -> None:
    one, other = site.served("one", "other")
    rule = site.split({one: 1, other: 0})
    for groups, name in (({one: 0, other: 1}, "other"), ({one: 1, other: 0}, "one"), ({other: 1}, "other")):
        site.tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=site.forward(groups))
        assert site.get("/a").served_by == name
    site.tenant.elb.delete_rule(RuleArn=rule["RuleArn"])
    assert site.get("/a").status == 404


def test_late_nodes_go_by_the_old_rules(site: Site) -> None:
    one, other = site.served("one", "other")
    rule = site.split({one: 1, other: 0})
    site.tenant.sandbox.propagation(timedelta(minutes=1), Percent.of(50))
    site.tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=site.forward({one: 0, other: 1}))
    assert {site.get("/a").served_by for _ in range(60)} == {"one", "other"}
    site.tenant.sandbox.propagation(timedelta(0), Percent.of(50))
    assert {site.get("/a").served_by for _ in range(20)} == {"other"}


def test_targets_and_listeners_come_and_go(site: Site, tenant: Tenant) -> None:
    (group,) = site.served("one")
    site.split({group: 1})
    url, arn = site.url(), tenant.landscape.listeners["public"]
    tenant.elb.deregister_targets(
        TargetGroupArn=group,
        Targets=[{"Id": tenant.functions.get_function(FunctionName="one")["Configuration"]["FunctionArn"]}],
    )
    assert site.get("/a").status == 503
    named = {each.load_balancer: each for each in tenant.sandbox.listeners(tenant.account, REGION)}
    assert (named["public"].url, named["public"].listener_arn, named["public"].port) == (url, arn, 443)
    assert named["internal"].port == 80
    tenant.elb.delete_listener(ListenerArn=arn)
    with pytest.raises(SandboxError, match="443") as caught:
        site.url()
    assert caught.value.code == "listener-missing"
    assert [each.load_balancer for each in tenant.sandbox.listeners(tenant.account)] == ["internal"]


def test_a_handler_that_cannot_be_loaded_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    for entry_point in ("gone:answer", "gone.too:answer"):
        with pytest.raises(SandboxError) as caught:
            sandbox.handle(entry_point, tmp_path)
        assert (caught.value.where, caught.value.code) == (str(tmp_path), "program-missing")


def test_a_daemons_load_balancers_answer_and_come_back(folder: Path, tmp_path: Path) -> None:
    site = Site(Tenant(daemon.start(folder), "111122223333"))
    (group,) = site.served("one")
    site.split({group: 1}, 60)
    for root in ("here", "there"):  # alike by name, and yet each its own
        (tmp_path / root).mkdir()
        (tmp_path / root / "answers.py").write_text(HANDLER % root)
        site.tenant.sandbox.handle("answers:answer", tmp_path / root, account="1111*")
        assert (site.get("/a").served_by, site.get("/a").body) == (root, b"one")
    profile = Profile("one", latency=timedelta(seconds=0.1), latency_p99=timedelta(seconds=0.2), crashes=Percent(1000))
    site.tenant.sandbox.behave(profile)
    assert site.get("/a").status == 502
    site.tenant.sandbox.forget_profiles()
    site.tenant.sandbox.propagation(timedelta(seconds=1), Percent.of(10))
    with pytest.raises(SandboxError, match="gone:answer"):
        site.tenant.sandbox.handle("gone:answer", tmp_path)
    clock = site.tenant.sandbox.clock
    clock.run_at(3600)
    assert clock.now() < clock.now()
    clock.run_at(1)
    before = clock.now()
    clock.pass_by(seconds=600)
    assert clock.now() - before >= timedelta(minutes=10)
    assert site.metric("RequestCount", group=group) == [5]
    daemon.stop(folder)
    again = Site(Tenant(daemon.start(folder), "111122223333"))
    assert again.tenant.sandbox.url("111122223333", REGION, "public", 443).startswith("http://127.0.0.1:")
    reply = again.get("/a")
    assert (reply.served_by, reply.said["path"], reply.cookie is not None) == ("one", "/a", True)
