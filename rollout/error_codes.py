"""Every code that a raise site gives, with its meaning: the one list, so that none means two things.

A code is for programs, tests and searches: once released it is never reworded, and sentences may be. Where a raise site
gives none, an error has its class's, which `errors` lists. A test holds each `code="…"` and docs/errors.md to these.
"""

from __future__ import annotations

from collections.abc import Mapping

ARGUMENTS: Mapping[str, str] = {
    "ambiguous-listener": "Several listeners fit, and none was named.",
    "conflicting-options": "Arguments or options that don't go together.",
    "invalid-duration": "Not a duration, such as 30m or 1h30m.",
    "invalid-request": "Not a request: a method, a path, or a header as NAME:VALUE.",
    "invalid-time": "Not a point in time with a time zone.",
    "invalid-weight": "Not 0 to 100 per cent with at most one decimal.",
    "missing-argument": "An argument or option is missing, and no terminal is there to ask.",
    "out-of-range": "A number or a time outside of what is allowed.",
    "unanswered": "The questions of `rollout init` were broken off.",
    "unknown-change": "The history has no change of this number.",
    "unknown-environment": "The inventory has no environment of this name.",
    "unknown-fleet": "The inventory has no fleet of this name.",
    "unknown-listener": "The account has no listener of this name.",
    "unknown-load-balancer": "The inventory has no load balancer of this name.",
    "unknown-phase": "There is no phase of this name, or it can't be undone.",
    "unknown-route": "The inventory has no route of this name.",
    "unknown-rule": "The listener has no such rule that could be moved.",
}

INVENTORY: Mapping[str, str] = {
    "candidate-not-made": "No function makes the route's candidate target group.",
    "conflicting-header-rule": "A header rule can't have its priority or its conditions.",
    "conflicting-keys": "Keys that don't go together, or of which exactly one must be given.",
    "duplicate-endpoint": "Two routes have the same path and methods.",
    "duplicate-function": "Two functions have one name, or roles of one name.",
    "duplicate-listener": "Two load balancers are the same listener.",
    "duplicate-priority": "Two rules have the same priority on one listener.",
    "duplicate-target-group": "Two functions make the same target group.",
    "empty-value": "A value that must not be empty is.",
    "invalid-name": "A key that can't be a name.",
    "invalid-toml": "The file is not valid TOML.",
    "invalid-value": "A value that is not allowed.",
    "layout-not-editable": "The file is laid out in a way that a value can't be put in.",
    "missing-key": "A key is missing.",
    "no-header-override": "The inventory has no `[header-override]`.",
    "no-owner": "The inventory names no other owner of the legacy rules.",
    "not-utf8": "The file is not UTF-8 text.",
    "out-of-bounds": "A value that is too deep, too large, or holds a control character.",
    "same-target-group": "Legacy and candidate are the same target group.",
    "shared-rule-differs": "Kept routes share a rule, but not its target group.",
    "target-group-taken": "A target group is on another load balancer already.",
    "too-many-values": "A rule would have more wildcards or condition values than AWS allows.",
    "unknown-key": "A key that means nothing.",
    "unknown-name": "A reference to an entry that isn't there.",
    "via-too-narrow": "The rule of `via` doesn't carry all of the kept route's path.",
    "wrong-type": "A value of the wrong type.",
}

RULES: Mapping[str, str] = {
    "changed-since-preview": "AWS has changed since the preview; it must be previewed again.",
    "conditions-changed": "The rule's conditions have changed since rollout last read them.",
    "forward-changed": "The rule's forward action has changed since rollout last read it.",
    "header-rule-changed": "A header rule on AWS was changed by hand.",
    "header-rule-differs": "A header rule isn't as it should be.",
    "kept-route-to-candidate": "A dual route's rule takes requests of a kept route to the candidate.",
    "kept-rule-differs": "A kept route's rule forwards elsewhere than the inventory says.",
    "kept-rule-missing": "A kept route's rule isn't where the inventory has it.",
    "priority-taken": "A header rule's priority is in use.",
    "route-partly-covered": "An earlier rule takes some of the requests that the route's pattern says.",
    "route-unreachable": "Earlier rules take all requests of the route.",
    "rule-bypassed": "A header rule would pass by a rule that the inventory doesn't know.",
    "rule-changed": "Another process changed the rule since rollout last did.",
    "rule-divides-already": "The rule divides requests already; phase 2 adopts it as it is.",
    "rule-missing": "There is no rule where the inventory or the state has one.",
    "rule-replaced": "Another rule is at this priority now.",
    "state-outdated": "The rule is as the file says, but the state has recorded something else.",
    "unknown-forward": "The rule forwards as neither rollout nor legacy would leave it.",
    "weight-changed": "Another process changed the weight.",
    "weight-not-applied": "The file's weight isn't the live one.",
    "wrong-conditions": "The rule's conditions aren't the wanted ones.",
    "wrong-forward": "The rule's forward action isn't, or wouldn't be, the wanted one.",
}

RESOURCES: Mapping[str, str] = {
    "candidate-missing": "A candidate's target group isn't there; phase 1 makes it.",
    "candidate-shared": "Routes share a candidate target group, and so its cookies.",
    "health-unchecked": "A legacy target group has health checks, and the candidate's has none.",
    "invoke-not-allowed": "A function doesn't allow the load balancer to invoke it.",
    "listener-missing": "The load balancer has no listener on this port.",
    "load-balancer-missing": "The load balancer isn't there.",
    "mixed-event-forms": "One candidate group stands in for legacy ones that ask functions in different forms.",
    "no-load-balancer": "The account has no Application Load Balancer with a listener in this region.",
    "no-movable-rule": "The listeners have no rule that can be moved.",
    "no-registered-target": "A target group has no registered target.",
    "package-missing": "A deployment package isn't there.",
    "policy-unreadable": "A function's policy can't be read.",
    "quota-exceeded": "More of something than AWS allows.",
    "target-group-in-use": "A rule forwards to the target group.",
    "target-group-left": "A target group that should be deleted is there.",
    "target-group-missing": "A target group isn't there.",
    "wrong-event-form": "A candidate's target group asks its function in another form than legacy's.",
    "wrong-target-type": "A target group is of another type.",
}

OWNERSHIP: Mapping[str, str] = {
    "name-shared": "Two environments of one account would make something of the same name.",
    "name-taken": "Something of this name is on AWS already, and this environment's stack didn't make it.",
    "not-adoptable": "There is nothing of this name that `rollout adopt` could take.",
    "not-marked": "A resource in the state doesn't have this environment's mark on AWS.",
    "not-ours": "A resource in the state is somebody else's on AWS.",
    "without-mark": "The preview would make a resource without this environment's mark.",
}

PHASES: Mapping[str, str] = {
    "approval-required": "Approval is required, and there is no terminal to ask at.",
    "candidate-attached": "The candidate is in the rule still, at 0 per cent.",
    "candidate-below-100": "The candidate doesn't get all requests of the route.",
    "candidate-has-traffic": "The candidate gets requests of the route.",
    "candidate-idle": "CloudWatch has no request to the candidate, so that legacy's silence proves nothing.",
    "change-not-allowed": "A change of a resource that the step isn't for.",
    "completed": "The environment is completed: its legacy is retired.",
    "conditions-would-change": "The preview would change a rule's conditions.",
    "cutover-moves-traffic": "Phase 2 would give the candidate requests.",
    "gate-declined": "The user declined at the gate.",
    "header-rule-would-change": "A header rule would change by another command than `rollout override`.",
    "header-rules-left": "Header rules are there still.",
    "legacy-not-idle": "Legacy had requests.",
    "owner-to-release": "What to know of another owner of the rules before the cutover.",
    "route-not-moved": "The route could not be moved to legacy.",
    "rule-managed-by-legacy": "The legacy stack manages the rule still.",
    "rule-managed-by-owner": "Another owner manages the rule still.",
    "rule-managed-by-routing": "The routing stack manages the rule still.",
    "rule-not-in-inventory": "The preview would change a rule that belongs to no route.",
    "rule-not-managed": "The stack that should manage the rule doesn't.",
    "rule-not-retained": "The legacy stack would delete the rule on releasing it.",
    "target-group-not-in-inventory": "The preview would delete a target group that is no dual route's.",
    "target-group-stays": "The preview would delete a part of a target group that stays.",
}

RAMP: Mapping[str, str] = {
    "concurrent-change": "Another process was faster.",
    "no-ramp": "No ramp is under way.",
    "no-requests": "CloudWatch has no requests to plan with.",
    "nothing-to-approve": "No step, or not this one, waits for an approval.",
    "ramp-failed": "The ramp failed before, and begins again only with `--restart`.",
    "ramp-not-paused": "The ramp isn't paused.",
    "ramp-under-way": "A ramp is under way; there is nothing to restart.",
    "weights-differ": "The routes have different weights, so that a ramp has no step to begin at.",
}

SMOKE: Mapping[str, str] = {
    "invalid-json": "A sample is not JSON.",
    "sample-route-mismatch": "A sample's request is none of its route.",
    "unexpected-response": "The candidate's response isn't what the sample expects.",
}

MACHINE: Mapping[str, str] = {
    "access-denied": "The credentials lack a permission.",
    "aws-unreachable": "AWS can't be reached.",
    "backend-not-writable": "Pulumi's state can't be written.",
    "clock-skew": "This machine's clock is off.",
    "credentials-expired": "The credentials have expired.",
    "engine-diagnostic": "What the Pulumi engine reported.",
    "engine-killed": "The engine was killed by a signal.",
    "engine-timeout": "The engine gave no answer in time.",
    "extra-missing": "An extra of the package isn't installed.",
    "file-exists": "The file is there already, and stays.",
    "file-missing": "The file or folder isn't there.",
    "file-not-writable": "The file can't be written.",
    "file-unreadable": "The file can't be read.",
    "incomplete-data": "CloudWatch didn't answer in full.",
    "invalid-credentials": "AWS doesn't know the credentials.",
    "low-disk-space": "Little room is left on the disk.",
    "metrics-source-failed": "A plugin's metrics source failed.",
    "no-credentials": "No AWS credentials were found.",
    "no-region": "No AWS region is set.",
    "not-ready": "`rollout doctor` found something to put right.",
    "plugin-missing": "No installed package brings the plugin.",
    "plugin-unusable": "The plugin can't be made, or isn't what it should be.",
    "port-in-use": "The port is in use.",
    "port-unavailable": "The port can't be taken.",
    "program-missing": "A program's entry point can't be loaded.",
    "provider-missing": "The AWS provider of Pulumi isn't downloaded yet.",
    "stack-missing": "A stack isn't there.",
    "state-not-kept": "CI won't keep the folder that the state is in.",
    "state-unreadable": "Another tool's state can't be read.",
    "terminal-limited": "The terminal can't show everything.",
    "throttled": "AWS throttles the account.",
    "tool-failed": "Terraform or Pulumi failed.",
    "tool-missing": "Terraform or Pulumi isn't on PATH.",
    "tool-timeout": "Terraform or Pulumi gave no answer in time.",
}

SANDBOX: Mapping[str, str] = {
    "invalid-policy": "An IAM policy that isn't one.",
    "requests-lost": "`rollout sandbox load` lost requests, or got wrong answers.",
    "sandbox-not-running": "No sandbox is running.",
    "sandbox-not-started": "The sandbox didn't start.",
    "sandbox-not-stopped": "The sandbox's process doesn't end.",
    "sandbox-refused": "The sandbox refuses a control call.",
    "sandbox-running": "A sandbox is running in this process already.",
    "sandbox-unreachable": "The sandbox doesn't answer.",
    "sandbox-without-folder": "The sandbox has no folder for Pulumi's state.",
}

AREAS: Mapping[str, Mapping[str, str]] = {
    "Arguments": ARGUMENTS,
    "The inventory": INVENTORY,
    "Listener rules": RULES,
    "Resources on AWS": RESOURCES,
    "Whose resources are": OWNERSHIP,
    "Phases, rollback and release": PHASES,
    "The ramp": RAMP,
    "Smoke": SMOKE,
    "This machine, AWS and other tools": MACHINE,
    "The sandbox": SANDBOX,
}
"""The codes of raise sites, by what they are about."""
