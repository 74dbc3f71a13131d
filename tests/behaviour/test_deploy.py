"""A new build of the candidate as a step of its own: published first, then the alias moves, and goes back at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from rollout.errors import (
    Drift,
    EngineError,
    GateRefused,
    Locked,
    PreflightFailed,
    RollbackIncomplete,
    UsageError,
)
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.inventory.aliases import AliasTarget
from rollout.inventory.quantities import Percent
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises

FUNCTION = "rust-scorer"
KEPT_READY = "PutProvisionedConcurrencyConfig"
ALIASED = 'handler = "bootstrap"\nalias = "live"'


@pytest.fixture
def team(legacy: InMemoryTeam) -> InMemoryTeam:
    """A team whose candidate has an alias, after phase 2 and with a tenth of the traffic."""
    legacy.edit('handler = "bootstrap"', ALIASED)
    legacy.open().phase1(approve=True)
    legacy.open().phase2(approve=True)
    legacy.open().set_weight(10, approve=True)
    return legacy


def build(team: InMemoryTeam, text: str) -> None:
    """Another build of the code."""
    (team.folder / "build" / "bootstrap").write_text(text)


def where(team: InMemoryTeam) -> AliasTarget:
    """Where the alias points, as AWS has it."""
    return team.world.functions_of(team.inventory).aliases(team.inventory)[FUNCTION].stays


def test_the_target_groups_hold_the_alias_and_let_it_be_invoked(team: InMemoryTeam) -> None:
    arn = f"arn:aws:lambda:{team.aws.region}:{team.aws.account}:function:{FUNCTION}:live"
    group = team.aws.group_named("l-passport-v2-rust-scorer")
    assert group is not None
    assert team.aws.targets[group.arn] == (arn,)
    assert group.arn in team.aws.policies[arn]
    assert where(team) == AliasTarget("1")
    assert team.open().smoke().problems == ()


def test_phase_1_publishes_a_build_that_no_request_meets(team: InMemoryTeam) -> None:
    build(team, "second")
    team.open().phase1(approve=True)
    assert where(team) == AliasTarget("1")


def test_a_deploy_moves_the_alias_and_each_back_goes_one_build_back(team: InMemoryTeam) -> None:
    rules = dict(team.aws.rules)
    for text in ("second", "third"):
        build(team, text)
        team.open().deploy(approve=True)
    assert where(team) == AliasTarget("3", before=("2", "1"))
    team.open().deploy_back()
    assert where(team) == AliasTarget("2", before=("1",))
    team.open().deploy_back()
    assert where(team) == AliasTarget("1")
    with raises(PreflightFailed, "no-version-before"):
        team.open().deploy_back()
    assert team.aws.rules == rules

    team.open().phase1(approve=True)  # from CI, say: what was taken back stays so
    assert where(team) == AliasTarget("1")
    assert [change.what for change in team.open().history() if change.what.startswith("deploy")] == [
        *("deploy", "deploy", "deploy-back", "deploy-back"),
    ]


def test_a_share_goes_to_the_new_build_first(team: InMemoryTeam) -> None:
    build(team, "second")
    team.open().deploy(share=10, approve=True)
    assert where(team) == AliasTarget("1", beside=("2", Percent.of(10)))
    team.open().deploy_back()
    assert where(team) == AliasTarget("1")
    team.open().deploy(share="33.3", approve=True)
    team.open().deploy(approve=True)
    assert where(team) == AliasTarget("2", before=("1",))


def test_nothing_new_is_nothing_to_do(team: InMemoryTeam) -> None:
    calls = len(team.calls("*"))
    assert not team.open().deploy(approve=True).changed
    assert team.calls("*")[calls:] == []


def test_the_gate_names_both_versions_and_a_no_leaves_the_old_one(
    team: InMemoryTeam, no: Callable[[object], bool]
) -> None:
    build(team, "second")
    team.open().phase1(approve=True)
    shown = team.run("preview", "deploy", "production").stdout
    assert "version 1 → version 2" in shown
    for approve in (no, None):
        with raises(GateRefused, "gate-declined" if approve else "approval-required"):
            team.open().deploy(approve=approve)
    assert where(team) == AliasTarget("1")


def test_an_alias_that_somebody_moved_is_drift_and_the_way_back_leads_to_where_it_was(team: InMemoryTeam) -> None:
    build(team, "second")
    team.open().phase1(approve=True)
    move(team, "2")
    with raises(Drift, "alias-moved"):
        team.open().drift().require()
    build(team, "third")
    team.open().deploy(approve=True)
    assert where(team) == AliasTarget("3", before=("2",))
    team.open().drift().require()


def test_a_version_that_is_gone_is_told_before_anything_moves(team: InMemoryTeam) -> None:
    build(team, "second")
    team.open().deploy(approve=True)
    held = team.aws.resources["aws:lambda/function:Function", FUNCTION]
    team.aws.resources["aws:lambda/function:Function", FUNCTION] = {**held, "versions": ("2",)}
    with raises(PreflightFailed, "version-missing"):
        team.open().deploy_back()
    assert where(team).version == "2"


def test_an_alias_that_is_gone_is_told(team: InMemoryTeam) -> None:
    del team.aws.resources["aws:lambda/alias:Alias", f"{FUNCTION}:live"]
    with raises(PreflightFailed, "alias-missing"):
        team.open().deploy_back()


def test_a_lost_state_takes_the_alias_and_its_permissions_in_again(team: InMemoryTeam) -> None:
    build(team, "second")
    team.open().deploy(approve=True)
    team.world.backend.stacks.clear()
    team.open().phase1(approve=True)
    assert where(team) == AliasTarget("2", before=("1",))


def test_undo_takes_all_of_it_away(team: InMemoryTeam) -> None:
    team.open().set_weight(0, approve=True)
    team.open().undo("phase2", approve=True)
    team.open().undo("phase1", approve=True)
    assert not [id_ for type_, id_ in team.aws.resources if "lambda" in type_ and FUNCTION in id_]


def test_a_group_that_holds_the_function_is_not_made_to_hold_an_alias(cut_over: InMemoryTeam) -> None:
    cut_over.edit('handler = "bootstrap"', ALIASED)
    calls = len(cut_over.calls("*"))
    with raises(PreflightFailed, "function-registered"):
        cut_over.open().phase1(approve=True)
    with raises(PreflightFailed, "function-registered"):
        cut_over.open().deploy(approve=True)
    assert "function-registered" in {each.code for each in cut_over.open().preflight().problems}
    assert cut_over.calls("*")[calls:] == []


def test_what_the_hint_says_takes_a_candidate_to_an_alias_by_weights(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(10, approve=True)
    text = cut_over.file.read_text()
    table = next(part for part in re.split(r"(?m)^(?=\[)", text) if part.startswith("[functions.rust-scorer]"))
    second = table.replace("[functions.rust-scorer]", "[functions.scorer]").replace("rust-scorer", "scorer-live")
    second = second.replace('handler = "bootstrap"', ALIASED)
    cut_over.file.write_text(text.replace(table, f"{table}\n{second}\n"))
    cut_over.open().phase1(approve=True)
    live = cut_over.world.functions_of(cut_over.inventory).aliases(cut_over.inventory)
    assert live["scorer"].version == "1"


def test_no_share_rises_behind_an_alias_without_its_version(team: InMemoryTeam) -> None:
    held = team.aws.resources["aws:lambda/function:Function", FUNCTION]
    team.aws.resources["aws:lambda/function:Function", FUNCTION] = {**held, "versions": ("2",)}
    with raises(PreflightFailed, "version-missing"):
        team.open().set_weight(20, approve=True)
    team.open().set_weight(5, approve=True)  # less is always possible


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"functions": ["nobody"]}, "unknown-name"),
        ({"share": 0}, "out-of-range"),
        ({"share": 100}, "out-of-range"),
        ({"share": "many"}, "invalid-weight"),
    ],
)
def test_what_cannot_be_deployed_is_a_wrong_argument(team: InMemoryTeam, options: dict[str, object], code: str) -> None:
    with raises(UsageError, code):
        team.open().deploy(approve=True, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("command", ["deploy", "deploy_back", "steps"])
def test_where_others_build_all_candidates_there_is_nothing_to_deploy(team: InMemoryTeam, command: str) -> None:
    nothing = team.inventory.model_copy(update={"functions": {}})
    opened = team.world.open(nothing)
    with raises(UsageError, "nothing-to-deploy"):
        opened.deploy_by_steps([10]) if command == "steps" else getattr(opened, command)()


def test_a_candidate_without_an_alias_has_nothing_to_deploy(cut_over: InMemoryTeam) -> None:
    with raises(UsageError, "unknown-name"):
        cut_over.open().deploy(approve=True)


class TestBack:
    """`deploy --back` moves the alias first, and nothing keeps it from that."""

    @pytest.fixture
    def team(self, team: InMemoryTeam) -> InMemoryTeam:
        """A team that deployed two builds."""
        for text in ("second", "third"):
            build(team, text)
            team.open().deploy(approve=True)
        return team

    def calls(self, team: InMemoryTeam) -> ApiCalls:
        """The calls to Lambda."""
        return team.world.functions_of(team.inventory).calls

    def test_without_an_engine_it_goes_back_once_and_the_state_follows_later(self, team: InMemoryTeam) -> None:
        team.meets.refuse("preview", times=None, error=EngineError("no engine"))
        for _ in range(2):
            result = team.open().deploy_back()
            assert (result.reconciled, result.moved[FUNCTION].version) == (False, "2")
        team.meets.forget_orders()
        assert team.open().deploy_back().reconciled
        assert where(team) == AliasTarget("2", before=("1",))
        team.open().drift().require()

    def test_any_next_command_has_the_state_follow(self, team: InMemoryTeam) -> None:
        team.open().deploy_back(reconcile=False)
        assert "alias-moved" in {each.code for each in team.open().drift().problems}
        team.open().phase1(approve=True)
        assert where(team) == AliasTarget("2", before=("1",))
        team.open().drift().require()

    def test_it_asks_nobody(self, team: InMemoryTeam) -> None:
        done = team.run("deploy", "production", "--back")
        assert done.returncode == 0, done.stderr
        assert where(team).version == "2"

    def test_an_answer_that_was_lost_is_told_and_not_done_twice(self, team: InMemoryTeam) -> None:
        self.calls(team).refuse("UpdateAlias", takes_effect=True)
        with raises(RollbackIncomplete, "rollback-incomplete"):
            team.open().deploy_back()
        team.open().deploy_back()
        assert where(team) == AliasTarget("2", before=("1",))

    def test_two_at_once_go_back_once(self, team: InMemoryTeam) -> None:
        def other(_: ApiCall) -> None:
            team.open().deploy_back()

        self.calls(team).before(other, "UpdateAlias", times=1)
        team.open().deploy_back()
        assert where(team) == AliasTarget("2", before=("1",))

    def test_what_was_moved_since_it_was_read_is_read_anew(self, team: InMemoryTeam) -> None:
        self.calls(team).before(lambda _: move(team, "1"), "UpdateAlias", times=1)
        team.open().deploy_back()
        assert where(team).version == "2"

    def test_while_another_process_holds_the_stack_the_alias_is_back(self, team: InMemoryTeam) -> None:
        held = team.world.backend.hold(team.inventory, "candidate")
        with raises(Locked, "locked"):
            team.open().deploy_back()
        assert where(team).version == "2"
        team.world.backend.release(team.inventory, held)
        team.open().deploy_back()
        assert where(team) == AliasTarget("2", before=("1",))

    def test_an_update_that_was_previewed_before_does_not_undo_it(self, team: InMemoryTeam) -> None:
        build(team, "fourth")
        team.open().phase1(approve=True)

        def approve(_: object) -> bool:
            team.open().deploy_back()
            return True

        with raises(Drift, "alias-moved"):
            team.open().deploy(approve=approve)
        assert where(team).version == "2"


class TestKeptReady:
    @pytest.fixture
    def team(self, legacy: InMemoryTeam) -> InMemoryTeam:
        """A team whose candidate's versions are kept ready."""
        legacy.edit('handler = "bootstrap"', f"{ALIASED}\nprovisioned-concurrency = 2")
        legacy.open().phase1(approve=True)
        legacy.open().phase2(approve=True)
        return legacy

    def test_a_new_version_is_ready_before_the_alias_moves_and_the_old_one_goes_after(self, team: InMemoryTeam) -> None:
        build(team, "second")
        calls = len(team.calls("*"))
        team.open().deploy(approve=True)
        made, moved = (
            team.calls("*")[calls:].index(each) for each in ("PutProvisionedConcurrencyConfig", "UpdateAlias")
        )
        assert made < moved
        assert kept_ready(team) == {"2"}

    def test_where_aws_cannot_prepare_them_the_old_build_keeps_serving(self, team: InMemoryTeam) -> None:
        build(team, "second")
        team.meets.refuse("*", "ProvisionedConcurrencyConfig:*")
        with pytest.raises(EngineError):
            team.open().deploy(approve=True)
        assert (where(team), kept_ready(team)) == (AliasTarget("1"), {"1"})
        team.open().deploy(approve=True)
        assert (where(team).version, kept_ready(team)) == ("2", {"2"})

    def test_on_the_way_back_the_alias_moves_first(self, team: InMemoryTeam) -> None:
        build(team, "second")
        team.open().deploy(approve=True)
        calls = len(team.calls("*"))
        team.open().deploy_back()
        made, moved = (
            team.calls("*")[calls:].index(each) for each in ("PutProvisionedConcurrencyConfig", "UpdateAlias")
        )
        assert moved < made
        assert kept_ready(team) == {"1"}

    def test_it_follows_an_alias_that_somebody_else_moved(self, team: InMemoryTeam) -> None:
        for text in ("second", "third"):
            build(team, text)
            team.open().deploy(approve=True)
        move(team, "1")
        team.open().phase1(approve=True)
        assert (where(team).version, kept_ready(team)) == ("1", {"1"})
        team.open().deploy(approve=True)
        assert (where(team).version, kept_ready(team)) == ("3", {"3"})

    def test_no_traffic_comes_before_it_is_ready(self, team: InMemoryTeam) -> None:
        team.open().set_weight(10, approve=True)
        team.world.functions_of(team.inventory).provisioned["1"] = "FAILED: no capacity"
        with raises(PreflightFailed, "not-provisioned"):
            team.open().set_weight(20, approve=True)
        team.open().set_weight(5, approve=True)  # less is always possible


def kept_ready(team: InMemoryTeam) -> set[str]:
    """The versions that are kept ready."""
    return {id_.rpartition(",")[2] for type_, id_ in team.aws.resources if "provisionedConcurrency" in type_}


def move(team: InMemoryTeam, version: str) -> None:
    """Somebody else moves the alias."""
    key = "aws:lambda/alias:Alias", f"{FUNCTION}:live"
    team.aws.resources[key] = {**team.aws.resources[key], "functionVersion": version}


class TestNeeds:
    """What Lambda would refuse in the middle of phase 1 is told before."""

    ROLE = "scorer-runs-as"

    @pytest.fixture
    def team(self, legacy: InMemoryTeam) -> InMemoryTeam:
        """A team whose candidate has an existing role and a network."""
        vpc = '{ subnets = ["subnet-a", "subnet-b"], security-groups = ["sg-a"] }'
        legacy.edit('handler = "bootstrap"', f'handler = "bootstrap"\nrole = "{self.ROLE}"\nvpc = {vpc}')
        return legacy

    def says(self, team: InMemoryTeam, **said: dict[str, str | None]) -> None:
        """Let AWS have other roles and networks."""
        for name, values in said.items():
            getattr(team.world.functions_of(team.inventory), name).update(values)

    def test_what_fits_passes(self, team: InMemoryTeam) -> None:
        assert not {"role-unusable", "network-unusable"} & {each.code for each in team.open().preflight().problems}
        assert team.open().phase1(approve=True).changed

    @pytest.mark.parametrize(
        "trust",
        [
            None,
            "{}",
            "no JSON",
            '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}',
            '{"Statement": [{"Effect": "Deny", "Action": "*", "Principal": {"Service": "lambda.amazonaws.com"}}]}',
            '{"Statement": {"Effect": "Allow", "Action": "sts:*", "Principal": {"Service": ["ec2.amazonaws.com"]}}}',
        ],
    )
    def test_a_role_that_lambda_may_not_assume(self, team: InMemoryTeam, trust: str | None) -> None:
        self.says(team, trust={f"arn:aws:iam::{team.account}:role/{self.ROLE}": trust})
        self.refused(team, "role-unusable")

    @pytest.mark.parametrize("vpcs", [{"subnet-b": "vpc-2"}, {"sg-a": "vpc-2"}])
    def test_a_network_in_two_vpcs(self, team: InMemoryTeam, vpcs: dict[str, str | None]) -> None:
        self.says(team, vpcs=vpcs)
        self.refused(team, "network-unusable")

    def refused(self, team: InMemoryTeam, code: str) -> None:
        """Preflight and phase 1 say so, and nothing is changed."""
        calls = len(team.calls("*"))
        assert code in {each.code for each in team.open().preflight().problems}
        with raises(PreflightFailed, code):
            team.open().phase1(approve=True)
        assert team.calls("*")[calls:] == []
