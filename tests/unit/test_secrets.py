"""Secrets that a file or the environment holds are in no text: faults C8 and C11."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rollout.cli.people import People
from rollout.cli.render import JsonLines
from rollout.errors import AwsError, ConfigError, Problem, redaction
from rollout.errors.redaction import hide, hide_address, redacted
from rollout.inventory.file import load
from rollout.migration import events
from tests.unit.test_config_problems import SOUND

SECRET = "T000/B000/XXXXsecretXXXX"


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_hidden", set())


def refusal(table: str, folder: Path) -> str:
    file = folder / "stacks.toml"
    file.write_text(f"{SOUND}\n{table}\n")
    with pytest.raises(ConfigError) as caught:
        load(file).check()
    assert all(problem.where for problem in caught.value.problems)
    return f"{caught.value} {caught.value.problems!r}"


@pytest.mark.parametrize("scheme", ["https:/", "HTTPS://", "hooks.slack.com/", "http:", "https://a b/", "ftp://"])
@pytest.mark.parametrize(
    "key",
    [
        "notifications.x.webhook",
        "notifications.x.sns",
        "notifications.x.plugin",
        "notifications.x.events",
        "notifications.x.options",
        "notifications.x",
        "environments.staging.notifications.x",
        "environments.staging.notifications",
        "functions.api.environment",
    ],
)
def test_no_value_that_may_be_a_secret_is_in_an_error(key: str, scheme: str, tmp_path: Path) -> None:
    """C11: a mistyped webhook, and one under the wrong key, is printed whole."""
    *tables, last = key.split(".")
    assert SECRET not in refusal(f'[{".".join(tables)}]\n{last} = "{scheme}hooks/{SECRET}"', tmp_path)


@pytest.mark.parametrize("value", [f"https://hooks/{SECRET}", f"[{SECRET}", f"'{SECRET}"])
def test_a_value_without_quotes_is_not_in_an_error(value: str, tmp_path: Path) -> None:
    assert SECRET not in refusal(f"[notifications.x]\nwebhook = {value}", tmp_path)


@pytest.mark.parametrize("value", ["us-west-2", "1h", "/v2/x"])
def test_a_text_without_quotes_is_told_so(value: str, tmp_path: Path) -> None:
    """F15: `region = us-west-2`."""
    (tmp_path / "stacks.toml").write_text(f"{SOUND}\n[environments.third]\nregion = {value}\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "stacks.toml").check()
    (problem,) = caught.value.problems
    assert problem.hint is not None
    assert problem.hint.startswith("quote it: region")


def test_a_number_in_the_place_of_a_secret_is_not_in_an_error(tmp_path: Path) -> None:
    assert "1234567" not in refusal("[functions.api.environment]\nPIN = 1234567", tmp_path)


def test_a_sound_secret_is_in_no_representation(tmp_path: Path) -> None:
    file = tmp_path / "stacks.toml"
    table = f'webhook = "https://hooks/{SECRET}"\n[functions.api.environment]\nKEY = "{SECRET}"'
    file.write_text(f"{SOUND}\n[notifications.x]\n{table}\n")
    assert SECRET not in repr(load(file).environment("production"))


TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVz"
VARIABLES = {"AWS_SESSION_TOKEN": f"{TOKEN}\rSECOND{TOKEN}", "AWS_SECRET_ACCESS_KEY": 'wJalrXUt/K7MD"ENG+bPx'}


@pytest.mark.parametrize(
    "text",
    [
        f"Invalid header value b'{TOKEN}\\rSECOND{TOKEN}'",
        f"token {TOKEN}\n",
        "X-Amz-Security-Token=abc%2Fdef&x",
        'secret wJalrXUt/K7MD"ENG+bPx',
        "quoted wJalrXUt%2FK7MD%22ENG%2BbPx",
        json.dumps('wJalrXUt/K7MD"ENG+bPx'),
        "key AKIAIOSFODNN7EXAMPLE",
        "proxy http://user:hunter2@proxy:3128",
    ],
)
def test_what_the_environment_holds_secret_is_in_no_form_in_a_text(text: str) -> None:
    """C8: a carriage return in AWS_SESSION_TOKEN, and the token is printed."""
    shown = redacted(text, VARIABLES)
    assert not any(part in shown for part in (TOKEN, "wJalr", "abc%2F", "AKIA", "hunter2"))


def test_short_texts_are_hidden_where_they_stand_alone() -> None:
    assert redacted("hunter22 hunter2", {"API_TOKEN": "hunter2"}) == "hunter22 [redacted]"
    kept = {"API_TOKEN": "test", "TOKEN_FILE": "secrets.txt", "PASSWORD": "", "TOKEN_SECONDS": "360000"}
    text = "the latest test in secrets.txt took 360000"
    assert redacted(text, kept) == text


def test_a_line_of_json_stays_one_whatever_is_secret(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIN_TOKEN", "12345678")
    JsonLines()._write({"event": "x", "took": 12345678, "text": "pin 12345678"})
    assert json.loads(capfd.readouterr().out) == {"event": "x", "took": 12345678, "text": "pin [redacted]"}


def test_errors_events_and_problems_hold_no_secret(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse battery")
    hide("hidden-by-name")
    hide_address(f"https://hooks.example.com/{SECRET}")
    text = f"correct horse battery, hidden-by-name, https://hooks.example.com/{SECRET}"
    error = AwsError(text, where=text, hint=text)
    problem = Problem(text, text, text)
    JsonLines()(events.Warned("production", text))
    for render in (People(), JsonLines()):
        render(error)
    shown = f"{error!r} {error} {problem!r} {capfd.readouterr()}"
    assert not any(secret in shown for secret in ("correct horse", "hidden-by", SECRET))
    assert "hooks.example.com" not in shown or SECRET not in shown
