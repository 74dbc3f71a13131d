"""What environments of one account would share by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.errors import ConfigError
from rollout.inventory.file.reading import StacksFile, parse

FILE = """
[project]
name = "score"
[load-balancers.api]
name = "api"
[functions.scorer]
code = "candidate"
runtime = "provided.al2023"
handler = "bootstrap"
target-groups = { api = "scorer" }
[routes.score]
load-balancer = "api"
path = "/score/*"
priority = 10
legacy = "old"
candidate = "scorer"
[environments.production]
account = "123456789012"
region = "us-west-2"
"""
BESIDE = """
[environments.staging]
account = "123456789012"
region = "{region}"
"""
OWN_GROUP = """
[environments.staging.functions.scorer.target-groups]
api = "scorer-s"
[environments.staging.routes.score]
candidate = "scorer-s"
"""


def read(text: str) -> StacksFile:
    return parse(text, Path("stacks.toml"))


def names(file: StacksFile, environment: str) -> tuple[str, str]:
    (function,) = file.environment(environment).functions.values()
    name = function.name or "scorer"
    return name, function.role_name or name


def test_alone_in_its_account_an_environment_has_the_plain_names() -> None:
    elsewhere = BESIDE.format(region="us-west-2").replace("123456789012", "210987654321")
    file = read(FILE + elsewhere)
    assert [names(file, each) for each in file.environments] == [("scorer", "scorer")] * 2
    assert file.problems == ()


def test_of_two_in_one_region_the_later_has_names_of_its_own_and_is_told_of_the_target_group() -> None:
    file = read(FILE + BESIDE.format(region="us-west-2"))
    assert [names(file, each) for each in file.environments] == [("scorer", "scorer"), ("scorer-staging",) * 2]
    assert file.environment("production").faults == {}
    (problem,) = file.environment("staging").all_faults
    assert problem.code == "name-shared"
    assert (problem.where or "").startswith("stacks.toml:10: functions.scorer.target-groups.api")
    with pytest.raises(ConfigError):
        file.environment("staging").require("functions")
    assert read(FILE + BESIDE.format(region="us-west-2") + OWN_GROUP).problems == ()


def test_in_two_regions_the_role_alone_is_shared() -> None:
    file = read(FILE + BESIDE.format(region="eu-west-1"))
    assert [names(file, each) for each in file.environments] == [("scorer", "scorer"), ("scorer", "scorer-staging")]
    assert file.problems == ()


def test_a_name_that_was_given_goes_before_a_default() -> None:
    file = read(FILE + 'functions.scorer.name = "scorer-staging"\n' + BESIDE.format(region="us-west-2") + OWN_GROUP)
    assert names(file, "production") == ("scorer-staging",) * 2
    assert names(file, "staging") == ("scorer", "scorer")
    same = FILE.replace("[functions.scorer]", '[functions.scorer]\nname = "one"\nrole-name = "one"')
    clashing = read(same + BESIDE.format(region="us-west-2") + OWN_GROUP)
    assert {each.code for each in clashing.environment("staging").all_faults} == {"name-shared"}
    assert len(clashing.environment("staging").all_faults) == 2
