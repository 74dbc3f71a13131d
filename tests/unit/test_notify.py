"""Notices to real HTTP servers and real commands: who is told what, and that nothing stops a ramp."""

from __future__ import annotations

import json
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from pydantic import ValidationError

from rollout.adapters.notify import Limits, Notice, Notifiers
from rollout.adapters.notify.ports import NotTold, Unreached
from rollout.adapters.plugins import NOTIFIERS, notifier
from rollout.base import packages
from rollout.errors import AwsError
from rollout.inventory.file.findings import findings_of
from rollout.inventory.model import Arn
from rollout.inventory.quantities import Percent
from rollout.inventory.ramp_settings import NoticeKind, Notification
from rollout.ramp.notice import as_json, as_message, as_slack, json_schema
from tests.loopback import Answer, Asked, answering
from tests.unit.builders import environment

SECRET = "T000-B000-XXXX"
NOTICE = Notice(
    "verdict",
    "production",
    "5xx 1.2 % of 3,410 against legacy's 0.1 % of 64,900: at least 6 times worse",
    Percent.of(10),
    datetime(2026, 11, 25, 22, tzinfo=UTC),
    {"verdict": "fail", "bake": timedelta(minutes=30), "routes": {"score": {"requests": 3410}}},
)
QUICK = Limits(total=timedelta(seconds=5), one=timedelta(seconds=2), pause=timedelta(milliseconds=10))


@dataclass
class Hook:
    """A webhook that gives a status after the other, the last one again and again.

    Attributes:
        came: The path and the JSON of each request.
        open: It answers only while this is set.
    """

    statuses: list[int]
    url: str = ""
    came: list[tuple[str, Any]] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)

    def answer(self, asked: Asked) -> Answer:
        self.came.append((asked.path, json.loads(asked.body)))
        self.open.wait()
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return status, {"Location": self.url}, b""


@contextmanager
def hook(*statuses: int) -> Iterator[Hook]:
    made = Hook(list(statuses))
    with answering(made.answer) as address:
        made.url = f"{address}/services/{SECRET}"
        made.open.set()
        yield made
        made.open.set()


class Topics:
    def __init__(self, error: AwsError | None = None) -> None:
        self.error = error
        self.came: list[tuple[Arn, str, str, Any]] = []

    def publish(self, topic: Arn, subject: str, text: str, data: str) -> None:
        if self.error:
            raise self.error
        self.came.append((topic, subject, text, json.loads(data)))


class Buses:
    """An event bus that raises what it is made with, one after the other, before it takes an event."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.came: list[tuple[Arn, Any, datetime]] = []

    def put(self, bus: Arn, detail: Mapping[str, Any], at: datetime) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.came.append((bus, detail, at))


Send = Callable[..., list[str]]


@pytest.fixture
def send(tmp_path: Path) -> Send:
    """Send the notice to whom is given, and give back the failures that were told."""

    def sent(
        *notices: Notice,
        topics: Topics | None = None,
        buses: Buses | None = None,
        limits: Limits = QUICK,
        variables: Mapping[str, str] | None = None,
        **to: Mapping[str, Any],
    ) -> list[str]:
        failures: list[str] = []
        notifiers = Notifiers(
            {name: Notification(**said) for name, said in to.items()},
            plugins=lambda name, options: notifier(name, environment(), options),
            topics=lambda: topics or Topics(),
            buses=lambda: buses or Buses(),
            root=tmp_path,
            on_failure=failures.append,
            limits=limits,
            variables=variables or {},
        )
        for notice in notices or (NOTICE,):
            notifiers.send(notice)
        return failures

    return sent


def command(code: str) -> dict[str, Any]:
    return {"command": (sys.executable, "-c", code)}


def test_a_notice_is_plain_json() -> None:
    assert json.loads(json.dumps(as_json(NOTICE))) == {
        "notice": "verdict",
        "environment": "production",
        "sentence": NOTICE.sentence,
        "weight": 10.0,
        "at": "2026-11-25T22:00:00+00:00",
        "details": {"verdict": "fail", "bake": 1800, "routes": {"score": {"requests": 3410}}},
    }


@pytest.mark.parametrize("weight", [None, Percent.of("0.1")])
@pytest.mark.parametrize("kind", get_args(NoticeKind))
def test_each_notice_is_as_the_schema_says(kind: NoticeKind, weight: Percent | None) -> None:
    said = as_json(replace(NOTICE, kind=kind, weight=weight))
    schema = json_schema()
    jsonschema.validate(said, schema, format_checker=jsonschema.FormatChecker())
    assert set(said) == set(schema["properties"]) == set(schema["required"])
    for wrong in ({**said, "notice": "ended"}, {**said, "weight": 101}, {**said, "sentence": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_nothing_in_a_message_is_slacks_markup() -> None:
    said = as_slack(Notice("step", "production", "<!channel> & co", None, NOTICE.at, {"why": "<@U1>"}))
    assert said["text"] == "production: &lt;!channel&gt; &amp; co"
    assert [each["value"] for each in said["attachments"][0]["fields"]] == ["production", "&lt;@U1&gt;"]


def test_all_are_told_at_once(send: Send, tmp_path: Path) -> None:
    topics, place = Topics(), "arn:aws:sns:eu-west-1:123456789012:ramps"
    write = command("import pathlib, sys; pathlib.Path('told.json').write_text(sys.stdin.read())")
    with hook(200) as slack:
        assert send(topics=topics, slack={"webhook": slack.url}, page={"sns": place}, log=write) == []
    assert slack.came == [(f"/services/{SECRET}", as_slack(NOTICE))]
    assert topics.came == [(place, "production: verdict", NOTICE.sentence, as_json(NOTICE))]
    assert json.loads((tmp_path / "told.json").read_text()) == as_json(NOTICE)


def test_only_those_who_want_its_kind_are_told(send: Send) -> None:
    with hook(200) as slack:
        send(slack={"webhook": slack.url, "events": ("rollback", "approval")})
    assert slack.came == []


def test_a_webhook_that_fails_once_is_tried_again(send: Send) -> None:
    with hook(500, 429, 200) as slack:
        assert send(slack={"webhook": slack.url}) == []
    assert len(slack.came) == 3


@pytest.mark.parametrize(
    ("status", "tries", "why"), [(503, 3, "HTTP 503; tried 3 times"), (404, 1, "HTTP 404"), (302, 1, "HTTP 302")]
)
def test_a_webhook_that_refuses_is_told_by_its_host(send: Send, status: int, tries: int, why: str) -> None:
    with hook(status) as slack:
        failures = send(slack={"webhook": slack.url})
    assert failures == [f"notification slack (127.0.0.1) failed for the event verdict: {why}"]
    assert len(slack.came) == tries


def test_a_dead_webhook_stops_nobody_else(send: Send) -> None:
    with hook(200) as dead:
        gone = dead.url
    with hook(200) as slack:
        failures = send(dead={"webhook": gone}, slack={"webhook": slack.url})
    assert failures == ["notification dead (127.0.0.1) failed for the event verdict: Connection refused; tried 3 times"]
    assert len(slack.came) == 1


def test_a_webhook_that_hangs_is_left_behind(send: Send) -> None:
    with hook(200) as slack, hook(200) as other:
        slack.open.clear()
        limits = Limits(total=timedelta(seconds=0.3), one=timedelta(minutes=1))
        failures = send(limits=limits, slack={"webhook": slack.url}, other={"webhook": other.url})
        assert failures == ["notification slack (127.0.0.1) failed for the event verdict: not done within 0.3 s"]
        assert len(other.came) == 1


def test_a_try_has_a_limit_of_its_own(send: Send) -> None:
    with hook(200) as slack:
        slack.open.clear()
        limits = Limits(one=timedelta(seconds=0.05), pause=timedelta(0), tries=2)
        (failure,) = send(limits=limits, slack={"webhook": slack.url})
    assert failure.endswith("no answer within 0.05 s; tried 2 times")
    assert len(slack.came) == 2


def test_a_variable_is_looked_up_at_each_notice_and_missed_once(send: Send) -> None:
    variables: dict[str, str] = {}
    (failure,) = send(NOTICE, NOTICE, variables=variables, slack={"webhook": "$HOOK"})
    assert failure.startswith("notification slack ($HOOK) failed for the event verdict: the variable HOOK is not set")
    with hook(200) as slack:
        assert send(variables={"HOOK": slack.url}, slack={"webhook": "$HOOK"}) == []
    assert len(slack.came) == 1


@pytest.mark.parametrize(
    "url",
    [
        f"ftp://host/{SECRET}",
        f"http://[{SECRET}",
        f"http://host:{SECRET}/",
        f"http:///{SECRET}",
        f"https://a b/{SECRET}",
    ],
)
def test_no_failure_holds_the_address(send: Send, url: str) -> None:
    (failure,) = send(variables={"HOOK": url}, slack={"webhook": "$HOOK"})
    assert SECRET not in failure
    assert failure.startswith("notification slack ($HOOK) failed")
    try:
        (failure,) = send(slack={"webhook": url})
    except ValidationError as error:
        (failure,) = (told.what for told in findings_of(error, Notification))
    assert SECRET not in failure


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise SystemExit(3)", "the command ended with exit code 3"),
        ("import time; time.sleep(60)", "the command took longer than 0.2 s and was stopped"),
    ],
)
def test_a_command_that_fails_is_told_and_not_run_again(send: Send, tmp_path: Path, code: str, why: str) -> None:
    counted = f"open('runs', 'a').write('x'); {code}"
    limits = Limits(one=timedelta(seconds=0.2 if "sleep" in code else 5))
    (failure,) = send(limits=limits, log=command(counted))
    assert failure == f"notification log ({sys.executable}) failed for the event verdict: {why}"
    assert "SystemExit" not in code or (tmp_path / "runs").read_text() == "x"


def test_a_command_that_is_not_there_is_told(send: Send) -> None:
    (failure,) = send(log={"command": ("./notify.sh",)})
    assert failure.endswith("can't be run: No such file or directory")


def test_a_topic_that_refuses_is_told(send: Send) -> None:
    place = "arn:aws:sns:eu-west-1:123456789012:ramps"
    failures = send(topics=Topics(AwsError("Publish: NotFound: Topic does not exist")), page={"sns": place})
    assert failures == [
        f"notification page ({place}) failed for the event verdict: Publish: NotFound: Topic does not exist"
    ]


def test_a_defect_does_not_stop_a_ramp(send: Send) -> None:
    class Broken(Topics):
        def publish(self, *_: object) -> None:
            raise KeyError(SECRET)

    (failure,) = send(topics=Broken(), page={"sns": "arn:aws:sns:eu-west-1:123456789012:ramps"})
    assert failure.endswith("KeyError, which is a defect in rollout")


@pytest.fixture
def ntfy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The example, as if it were installed."""
    example = Path(__file__).parents[2] / "examples" / "notifier_plugin"
    monkeypatch.syspath_prepend(example)
    monkeypatch.syspath_prepend(tmp_path)
    metadata = tmp_path / "rollout_ntfy-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: rollout-ntfy\nVersion: 1.0\n")
    ((name, target),) = tomllib.loads((example / "pyproject.toml").read_text())["project"]["entry-points"][
        NOTIFIERS
    ].items()
    (metadata / "entry_points.txt").write_text(f"[{NOTIFIERS}]\n{name} = {target}\n")
    return str(name)


def test_a_plugin_tells_in_its_own_way_with_its_own_options(send: Send, ntfy: str) -> None:
    with hook(200) as server:
        assert send(phones={"plugin": ntfy, "options": {"server": server.url, "topic": "rollouts"}}) == []
    ((_, told),) = server.came
    assert told == {"topic": "rollouts", "title": "production: verdict", "message": NOTICE.sentence, "priority": 5}


def test_a_plugin_that_fails_or_is_missing_stops_nothing_and_tells_no_secret(send: Send, ntfy: str) -> None:
    with hook(500) as server:
        (said,) = send(phones={"plugin": ntfy, "options": {"server": server.url, "topic": "rollouts"}})
    assert said == "notification phones (ntfy) failed for the event verdict: the plugin failed with HTTPError"
    (said,) = send(phones={"plugin": "nothing-of-that-name"})
    assert "there is no notifier 'nothing-of-that-name'" in said


@pytest.mark.parametrize("named", [(), ("PAGER_TOKEN",), ("PAGER_TOKEN", "NOT_SET")])
def test_a_command_gets_no_secrets_but_those_that_are_named(send: Send, tmp_path: Path, named: tuple[str, ...]) -> None:
    ours = {"PATH": "/usr/bin:/bin", "AWS_SECRET_ACCESS_KEY": "s", "PULUMI_CONFIG_PASSPHRASE": "s", "PAGER_TOKEN": "t"}
    write = command("import json, os, pathlib; pathlib.Path('given.json').write_text(json.dumps(dict(os.environ)))")
    assert send(variables=ours, log={**write, "variables": named}) == []
    given = json.loads((tmp_path / "given.json").read_text())
    assert {name: given.get(name) for name in ours} == {
        "PATH": ours["PATH"],
        "AWS_SECRET_ACCESS_KEY": None,
        "PULUMI_CONFIG_PASSPHRASE": None,
        "PAGER_TOKEN": "t" if named else None,
    }


@pytest.mark.parametrize(
    "wrong", [{"webhook": "$HOOK", "variables": ["X"]}, {"command": ["note"], "variables": ["A=B"]}]
)
def test_variables_are_names_and_a_commands(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="variables"):
        Notification(**wrong)


BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/ramps"


def test_an_event_bus_that_fails_once_is_tried_again(send: Send) -> None:
    buses = Buses(Unreached("PutEvents: ThrottlingException: slow down"))
    assert send(buses=buses, flow={"eventbridge": BUS}) == []
    assert buses.came == [(BUS, as_json(NOTICE), NOTICE.at)]


@pytest.mark.parametrize(("error", "tries"), [(Unreached, 3), (NotTold, 1), (AwsError, 1)])
def test_an_event_bus_that_refuses_is_told(send: Send, error: type[Exception], tries: int) -> None:
    buses = Buses(*[error("no such bus")] * 5)
    (failure,) = send(buses=buses, flow={"eventbridge": BUS})
    assert failure.startswith(f"notification flow ({BUS}) failed for the event verdict: no such bus")
    assert len(buses.errors) == 5 - tries


APPRISE = {"apprise": "$APPRISE"}


@contextmanager
def apprises(*statuses: int) -> Iterator[tuple[Hook, dict[str, str]]]:
    """A webhook, and the variables with its address as apprise has it."""
    with hook(*statuses) as server:
        yield server, {"APPRISE": server.url.replace("http://", "json://"), "PATH": "/usr/bin:/bin"}


def test_apprise_tells_all_services_of_its_variable(send: Send, tmp_path: Path) -> None:
    (tmp_path / "apprise.py").write_text("raise SystemExit(7)")  # a folder of programs can't stand in for it
    with apprises(200) as (one, variables), hook(200) as other:
        both = f"{variables['APPRISE']}, {other.url.replace('http://', 'json://')}"
        assert send(limits=Limits(), variables={"APPRISE": both}, phones=APPRISE) == []
    ((path, told),) = one.came
    assert len(other.came) == 1
    assert path == f"/services/{SECRET}"
    assert (told["title"], told["message"]) == ("production: verdict", NOTICE.sentence)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("urls", "why"),
    [
        ("nothing://of/{secret} {secret} tgram://{secret}", "apprise knows no service"),
        ("json://127.0.0.1:1/{secret}", "a service can't be reached"),
    ],
)
def test_apprise_fails_without_its_address(
    send: Send, urls: str, why: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    variables = {"APPRISE": urls.format(secret=SECRET)}
    (failure,) = send(limits=Limits(), variables=variables, phones=APPRISE)
    assert failure.startswith(f"notification phones ($APPRISE) failed for the event verdict: {why}")
    assert SECRET not in f"{failure} {capfd.readouterr()} {caplog.text}"


@pytest.mark.thorough
def test_an_unknown_address_keeps_apprise_from_no_other(send: Send) -> None:
    with apprises(200) as (server, variables):
        some = {"APPRISE": f"nothing://x, {variables['APPRISE']}"}
        (failure,) = send(limits=Limits(), variables=some, phones=APPRISE)
        assert len(server.came) == 1
    assert "knows no service" in failure


def test_apprise_that_hangs_is_stopped(send: Send) -> None:
    with apprises(200) as (server, variables):
        server.open.clear()
        began = time.monotonic()
        limits = Limits(apprise=timedelta(seconds=0.2))
        (failure,) = send(limits=limits, variables=variables, phones=APPRISE)
        assert time.monotonic() - began < limits.total.total_seconds()
    assert failure.endswith("took longer than 0.2 s and was stopped")


def test_without_apprise_it_is_said_once_how_to_install_it(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    (failure,) = send(NOTICE, NOTICE, variables={"APPRISE": "json://x"}, phones=APPRISE)
    assert 'pip install ".[apprise]"' in failure


def test_what_cannot_be_sent_is_said_before_the_first_notice(tmp_path: Path) -> None:
    failures: list[str] = []
    named = {"slack": Notification(webhook="$HOOK"), "phones": Notification(**APPRISE, events=("rollback",))}
    notifiers = Notifiers(
        named,
        plugins=lambda name, options: notifier(name, environment(), options),
        topics=Topics,
        buses=Buses,
        root=tmp_path,
        on_failure=failures.append,
        variables={"APPRISE": "json://127.0.0.1:1"},
    )
    notifiers.check()
    assert failures == ["notification slack ($HOOK) can't be sent: the variable HOOK is not set"]
    notifiers.send(NOTICE)
    assert len(failures) == 1


def test_nothing_in_a_message_by_apprise_is_a_mention() -> None:
    said = as_message(replace(NOTICE, sentence="<!channel> <@U1> @everyone"))
    assert not any(mention in said["body"] for mention in ("<!", "<@", "@U", "@e"))


@pytest.mark.parametrize("url", [f"slack://{SECRET}", f"https://hooks/{SECRET}", "$lower", f"$A {SECRET}"])
def test_an_address_of_apprise_is_never_in_the_file(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Notification(apprise=url)
    (finding,) = findings_of(caught.value, Notification)
    assert SECRET not in finding.what
    assert "is not a variable" in finding.what
