"""The Python Lambdas and their listener rules: what serves every route before the migration.

Each function has a target group and a rule of its own, as the builders of today make them. Which of the dual routes'
rules are still this stack's is told from outside: a rule is owned, then retained, which only the state knows of, then
released, and adopted again where that is undone. Functions and target groups stay throughout, since the weighted rules
forward to them, until the migration is completed and they are retired.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pulumi import AssetArchive, FileAsset, RunError

from rollout.inventory.model import Environment, KeptRoute, ProgramInput, RuleOwnership
from rollout.programs.components.existing import look_up
from rollout.programs.components.http_lambda import HttpLambda, HttpLambdaArgs, ZipPackage
from rollout.programs.components.listener_rule import ListenerRuleArgs, forwarding_rule


class PythonFunction(NamedTuple):
    """A function's name on AWS, which is its logical name too, and its handler in `code/legacy`."""

    name: str
    handler: str


FUNCTIONS = {
    "l-passport-v2-stamp-score": PythonFunction("passport-v2-stamp-score", "endpoints.stamp_score"),
    "l-passport-v2-model-score": PythonFunction("passport-v2-model-score", "endpoints.model_score"),
    "l-cc-v1-st-bulk-POST-0": PythonFunction("cc-v1-st-bulk-POST-0", "endpoints.add_stamps"),
    "l-cc-v1-st-bulk-PATCH-0": PythonFunction("cc-v1-st-bulk-PATCH-0", "endpoints.patch_stamps"),
    "l-cc-v1-st-bulk-DELETE-0": PythonFunction("cc-v1-st-bulk-DELETE-0", "endpoints.delete_stamps"),
    "l-cc-v1-score-POST-0": PythonFunction("cc-v1-score-POST-0", "endpoints.ceramic_score"),
    "l-cc-auth": PythonFunction("cc-auth", "endpoints.authenticate"),
    "embed-st-lambda-target-group": PythonFunction("embed-st-lambda", "endpoints.embed_add_stamps"),
    "embed-rl-lambda-target-group": PythonFunction("embed-rl-lambda", "endpoints.embed_validate_api_key"),
    "embed-gs-lambda-target-group": PythonFunction("embed-gs-lambda", "endpoints.embed_score"),
}
"""By the target group's name."""

CODE = Path(__file__).parent / "code" / "legacy"


def program(given: ProgramInput) -> None:
    """The legacy stack.

    Args:
        given: The inventory, and by route what to do with its rule, whether to adopt it and which tags it has.

    Raises:
        RunError: A dual route's target group isn't in `FUNCTIONS`, or something isn't on AWS.
    """
    environment, kept_rules = given.environment, _kept_rules(given.environment)
    existing = look_up(environment, {kept.legacy for kept in kept_rules.values()} - FUNCTIONS.keys(), given.existing)
    code = source_archive(CODE)

    def python_lambda(target_group: str, load_balancer: str, rule: ListenerRuleArgs | None) -> None:
        function = FUNCTIONS.get(target_group)
        if function is None:
            raise RunError(f"target group {target_group}: programs/legacy.py has no function for it")
        HttpLambda(
            function.name,
            HttpLambdaArgs(
                function_name=function.name,
                package=ZipPackage(code, "python3.12", function.handler),
                memory_size=512,
                target_groups={load_balancer: (target_group,)},
                listener_rule=rule,
                tags=given.mark,
            ),
        )

    for key, route in environment.routes.items():
        ownership = given.rules.get(key, RuleOwnership.OWNED)
        if route.is_default and ownership is RuleOwnership.OWNED:
            ownership = RuleOwnership.RELEASED  # the listener's default action forwards to it, and no rule of ours
        if ownership is RuleOwnership.RETIRED:
            continue
        owned = ListenerRuleArgs(
            load_balancer=route.load_balancer,
            listener_arn=existing.listeners[route.load_balancer],
            priority=route.priority,
            conditions=given.conditions.get(key) or route.rule_conditions or (),
            retain=ownership is RuleOwnership.RETAINED,
            adopt=given.adopt.get(key),
            tags=given.tags.get(key, {}),
        )
        python_lambda(route.legacy, route.load_balancer, None if ownership is RuleOwnership.RELEASED else owned)

    for key, kept in kept_rules.items():
        rule = ListenerRuleArgs(
            load_balancer=kept.load_balancer,
            listener_arn=existing.listeners[kept.load_balancer],
            priority=kept.priority,
            conditions=kept.rule_conditions or (),
        )
        if kept.legacy in FUNCTIONS:
            python_lambda(kept.legacy, kept.load_balancer, rule)
        else:
            forwarding_rule(key, rule, existing.target_groups[kept.legacy])


def source_archive(folder: Path) -> AssetArchive:
    """The Python files of a folder: file by file, so that no __pycache__ makes the same code look new."""
    return AssetArchive({path.name: FileAsset(str(path)) for path in sorted(folder.glob("*.py"))})


def _kept_rules(environment: Environment) -> dict[str, KeptRoute]:
    """One kept route for each rule: of those that share one, the first in the alphabet."""
    kept = environment.kept_routes
    first = {(kept[key].load_balancer, kept[key].priority): key for key in sorted(kept, reverse=True)}
    return {key: kept[key] for key in sorted(first.values())}
