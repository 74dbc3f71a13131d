"""A draft as the text of a stacks.toml, with a comment for each table. Pure.

Prose begins with `# `; an example begins with `#` alone, and is valid without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

from rollout.alb.discovered import Endpoint
from rollout.api.init.draft import Draft
from rollout.base.printable import one_line
from rollout.inventory.match import AS_IS, written
from rollout.inventory.quantities import ZERO, format_duration
from rollout.inventory.ramp_settings import Ramp


def text_of(draft: Draft) -> str:
    """The file's text; it ends with a line end.

    Args:
        draft: What it is to say.
    """
    parts = (_project, _load_balancers, _function, _routes, _kept, _environment, _optional)
    return "\n\n".join("\n".join(part(draft)) for part in parts if any(part(draft))) + "\n"


def _project(draft: Draft) -> Iterator[str]:
    yield "# The inventory: which endpoints move from today's functions (legacy) to new ones (candidate), and how far."
    yield f"# Written by `rollout init` from account {draft.account}, {draft.region}. Change it as you like;"
    yield f"# then `rollout preflight {draft.answers.environment}` checks it against AWS."
    yield "# All tables but [environments] apply to each environment, which may override them."
    yield ""
    yield "[project]"
    yield f"name = {_quoted(draft.answers.project)} # part of the Pulumi stacks' names: don't change it"
    yield ""
    yield "# How long a client stays with its first implementation."
    yield "[stickiness]"
    kept = {endpoint.kept_for for endpoint in draft.routes.values() if endpoint.candidate}
    duration = next(iter(kept)) if len(kept) == 1 else timedelta(hours=1)  # as live rules have it that both serve
    yield f"duration = {_quoted(format_duration(duration))}" if duration else '#duration = "1h"'
    yield (
        "#enabled = false # no cookies; each request may reach either implementation" if duration else "enabled = false"
    )


def _load_balancers(draft: Draft) -> Iterator[str]:
    yield "# The listeners whose rules move. rollout looks them up and never changes them."
    for key, listener in draft.load_balancers.items():
        yield ""
        yield f"[load-balancers.{key}]"
        yield f"name = {_quoted(listener.load_balancer)}"
        yield f"listener-port = {listener.port}"


def _function(draft: Draft) -> Iterator[str]:
    if not draft.groups:
        return
    answers = draft.answers
    yield "# The candidate. Phase 1 builds it, with a role, a log group and target groups. No request reaches it yet."
    yield "# Each route has its own target group, so that it is measured separately and has its own cookies."
    yield ""
    yield f"[functions.{answers.function}]"
    yield f"code = {_quoted(answers.code)} # a zip file or a folder, as a path from this file's folder"
    yield f"runtime = {_quoted(answers.runtime)}"
    yield f"handler = {_quoted(answers.handler)}"
    yield '#architecture = "arm64"'
    yield "#memory-size = 256 # MB"
    yield '#timeout = "30s"'
    yield '#environment = { LOG_LEVEL = "info" } # plain text, so no secrets'
    yield f"[functions.{answers.function}.target-groups]"
    for balancer, groups in draft.target_groups.items():
        yield f"{balancer} = [{', '.join(map(_quoted, groups))}]"


def _routes(draft: Draft) -> Iterator[str]:
    yield "# The endpoints that move. Phase 2 adopts each rule in place: ARN, priority and conditions stay."
    if draft.unused and not draft.existing:
        yield "# A candidate can also be an existing target group. No load balancer uses these:"
        names = list(draft.unused)
        yield from (f"# - candidate = {_existing(name)} ({draft.unused[name]})" for name in names[:_SHOWN])
        if len(names) > _SHOWN:
            yield f"# - and {len(names) - _SHOWN} more"
    for key, endpoint in draft.routes.items():
        yield ""
        yield f"[routes.{key}]"
        yield from _rule(draft, endpoint, draft.priorities.get(key))
        existing = endpoint.candidate or draft.existing
        yield f"candidate = {_existing(existing) if existing else _quoted(draft.groups[key])}"


_SHOWN = 20


def _existing(group: str) -> str:
    return f"{{ target-group = {_quoted(group)} }}"


def _kept(draft: Draft) -> Iterator[str]:
    if draft.kept:
        yield "# Endpoints that stay unchanged. They are listed so that nothing takes their requests or priorities."
    for key, endpoint in draft.kept.items():
        yield ""
        yield f"[kept-routes.{key}]"
        yield from _rule(draft, endpoint)
        if endpoint.target_type != "lambda":
            yield f"target-type = {_quoted(endpoint.target_type)}"
    if draft.unfit:
        yield ""
        yield "# Rules that rollout can't adopt; it leaves them unchanged:"
        yield from (f"# - {one_line(str(rule))}" for rule in draft.unfit)


def _rule(draft: Draft, endpoint: Endpoint, priorities: Mapping[int, int] | None = None) -> Iterator[str]:
    yield f"load-balancer = {_quoted(draft.balancer(endpoint))}"
    for key, value in () if endpoint.is_default else written(endpoint.asks):
        words = f" # {one_line(str(endpoint))}" if value == _quoted(AS_IS) else ""
        yield f"{key} = {value}{words}"
    if priorities and len(set(priorities.values())) > 1:
        each = ", ".join(f"{port} = {priority}" for port, priority in priorities.items())
        yield f"priority = {{ {each} }} # on each of these listeners"
    else:
        if priorities:
            yield f"listeners = {list(priorities)}"
        default = "# phase 2 creates a rule before the default action, which stays"
        yield f'priority = "default" {default}' if endpoint.is_default else f"priority = {endpoint.priority}"
    yield f"legacy = {_quoted(endpoint.target_group)}"


def _environment(draft: Draft) -> Iterator[str]:
    yield f"[environments.{draft.answers.environment}]"
    yield f"account = {_quoted(draft.account)} # any other account is refused"
    yield f"region = {_quoted(draft.region)}"
    yield "weight = 0 # the candidate's share of every route, per cent"
    live = [f"{key} = {endpoint.weight}" for key, endpoint in draft.routes.items() if endpoint.weight > ZERO]
    if live:
        yield f"route-weights = {{ {', '.join(live)} }} # already live"
    yield '#backend = "s3://BUCKET/rollout" # where Pulumi keeps its state; by default a folder beside this file'


def _optional(draft: Draft) -> Iterator[str]:
    yield "# Optional settings: remove the #."
    yield ""
    yield "# The tool that manages the live rules today; it must release them after phase 2."
    yield "#[legacy]"
    yield '#owner = "terraform" # or "pulumi", with stack = "ORGANIZATION/PROJECT/STACK"'
    yield '#directory = "../infrastructure"'
    yield ""
    yield "# The ramp: its steps, and the minimum time of each."
    yield "#[ramp]"
    yield f"#steps = [{', '.join(map(str, Ramp().steps))}]"
    yield '#bake = "30m"'
    yield ""
    yield "# Who gets messages about it."
    yield "#[notifications.team]"
    yield '#webhook = "$TEAM_WEBHOOK" # the variable with the URL'
    yield ""
    if (base := _override_base(draft)) is not None:
        yield "# A request header that selects the candidate, at any weight; `rollout override` creates its rules."
        yield "#[header-override]"
        yield '#name = "X-Rollout"'
        yield f"#priority-base = {base} # this and the following numbers must be free, and lower than every route's"
        yield ""
    yield "# Your own programs instead of rollout's, which create exactly what this file says."
    yield "#[programs]"
    yield '#candidate = "programs.candidate:program"'


def _override_base(draft: Draft) -> int | None:
    """A number below all priorities with room for a rule of each endpoint; None where there is no such room."""
    used = [endpoint.priority for endpoint in (*draft.routes.values(), *draft.kept.values())]
    used += [priority for priorities in draft.priorities.values() for priority in priorities.values()]
    base = min(used) - len(used)
    return min(base, 500) if base > 0 else None


def _quoted(value: str) -> str:
    """A TOML string: JSON's, which has the same escapes."""
    return json.dumps(value, ensure_ascii=False)
