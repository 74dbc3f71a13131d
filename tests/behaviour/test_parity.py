"""Both implementations asked the same, in memory: what is found, refused, resumed and kept from being seen."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.alb.state import AlbState
from rollout.api.logged_lines import logged_lines
from rollout.api.parity import Sources
from rollout.errors import AwsError
from rollout.fakes.access_logs import log_line
from rollout.fakes.resource_types import FUNCTION
from rollout.fakes.services import InMemoryFunctions
from rollout.parity.sources.json_lines import JsonLinesSource, line_of
from rollout.parity.verdict import Result
from tests.behaviour.team import InMemoryTeam

CANARY = "canary-5e1f-of-a-client"
ROUTE = "stamp-score"
Handler = Callable[[Mapping[str, Any]], object]
RANDOM = random.Random(1)  # noqa: S311 - noise is no secret


def functions(team: InMemoryTeam) -> InMemoryFunctions:
    return team.world.functions_of(team.inventory)


def answer(value: Any, status: int = 200) -> object:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(value)}


def scored(event: Mapping[str, Any]) -> object:
    return answer({"path": event["path"], "score": 7, "at": RANDOM.random()})


def lines(team: InMemoryTeam, requests: Iterable[dict[str, Any]]) -> Path:
    file = team.folder / "requests.jsonl"
    file.write_text("\n".join(map(json.dumps, requests)))
    return file


def reads(count: int = 30) -> list[dict[str, Any]]:
    return [{"path": f"/v2/stamps/{n}/score/0xA{n:03}"} for n in range(count)]


@pytest.fixture
def asked(built: InMemoryTeam) -> InMemoryTeam:
    """A team after phase 1 whose functions all answer with a score, and a time of their own."""
    named = [name for kind, name in built.aws.resources if kind == FUNCTION]
    functions(built).handlers |= dict.fromkeys(named, scored)
    return built


def candidate(team: InMemoryTeam, handler: Handler) -> None:
    functions(team).handlers["rust-scorer"] = handler


def compare(team: InMemoryTeam, requests: Iterable[dict[str, Any]] | None = None, **given: Any) -> Any:
    sources = Sources(routes=[ROUTE], files=[lines(team, reads() if requests is None else requests)])
    (found,) = team.open().parity.compare(sources, **given).routes
    return found


def test_a_good_candidate_has_parity_and_its_noise_is_told(asked: InMemoryTeam) -> None:
    found = compare(asked)
    assert (found.result, found.requests, found.different) == (Result.SAME, 30, 0)
    assert [each.place for each in found.noise] == ["body $.at (value)"]


def test_a_wrong_answer_with_status_200_is_found(asked: InMemoryTeam) -> None:
    candidate(asked, lambda event: answer({"path": event["path"], "score": "7", "at": RANDOM.random()}))
    found = compare(asked)
    assert (found.result, [each.place for each in found.differences]) == (Result.DIFFERENT, ["body $.score (type)"])


def test_the_command_ends_with_8_and_its_own_code(asked: InMemoryTeam) -> None:
    candidate(asked, lambda _: answer({}, 404))
    done = asked.run("parity", "production", "--route", ROUTE, "--from", str(lines(asked, reads())), "--json")
    *_, report, failed = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, failed["error"], failed["problems"][0]["code"]) == (8, "ParityFailed", "answers-differ")
    assert (report["event"], report["result"], report["routes"][0]["at-most"]) == ("parity", "different", 1.0)


def test_the_screen_shows_groups_with_examples(asked: InMemoryTeam) -> None:
    candidate(asked, lambda event: answer({"path": event["path"], "score": "7", "at": 1}))
    done = asked.run("parity", "production", "--route", ROUTE, "--from", str(lines(asked, reads())))
    assert "$.score (type): 30 requests" in done.stdout
    assert '7  →  "7"' in done.stdout


def test_nothing_to_ask_is_a_usage_error(asked: InMemoryTeam) -> None:
    done = asked.run("parity", "production", "--route", ROUTE, "--json")
    assert (done.returncode, json.loads(done.stdout.splitlines()[-1])["code"]) == (2, "nothing-to-ask")


def test_routes_without_requests_have_no_coverage(asked: InMemoryTeam) -> None:
    report = asked.open().parity.compare(Sources(files=[lines(asked, reads())]))
    assert {route.route: route.result for route in report.routes}[ROUTE] is Result.SAME
    assert report.result is Result.UNKNOWN


def invocations(team: InMemoryTeam) -> int:
    return sum(call.action == "Invoke" for call in functions(team).calls.log)


def test_a_second_run_asks_nothing_again_until_code_or_rules_change(asked: InMemoryTeam) -> None:
    compare(asked)
    assert invocations(asked) == 90
    assert compare(asked).requests == 30
    assert invocations(asked) == 90
    functions(asked).digests["rust-scorer"] = "a new build"
    assert compare(asked).requests == 30
    assert invocations(asked) == 180
    compare(asked, restart=True)
    assert invocations(asked) == 270


def test_a_run_that_was_throttled_goes_on(asked: InMemoryTeam) -> None:
    functions(asked).calls.refuse("Invoke", skip=40, error=AwsError("Rate exceeded", code="throttled"))
    with pytest.raises(AwsError):
        compare(asked, at_once=1)
    before = invocations(asked)
    assert compare(asked).requests == 30
    assert invocations(asked) - before == 90 - 39  # thirteen requests were whole


def changes(count: int = 5) -> list[dict[str, Any]]:
    return [
        {"route": ROUTE, "method": "POST", "path": "/v2/stamps/1/score/0xA", "body": {"n": n}} for n in range(count)
    ]


def test_what_may_change_something_is_not_sent(asked: InMemoryTeam) -> None:
    found = compare(asked, changes())
    assert (found.result, sum(found.skipped.values())) == (Result.UNKNOWN, 5)
    assert invocations(asked) == 0


@pytest.mark.parametrize(("replay", "header"), [("idempotent", None), ("sandboxed", "1")])
def test_what_may_be_sent_again_is(asked: InMemoryTeam, replay: str, header: str | None) -> None:
    seen = list[object]()

    def kept(event: Mapping[str, Any]) -> object:
        seen.append(event["headers"].get("x-rollout-parity"))
        return scored(event)

    candidate(asked, kept)
    asked.edit(f"[routes.{ROUTE}]", f'[routes.{ROUTE}.parity]\nreplay = "{replay}"\n\n[routes.{ROUTE}]')
    assert compare(asked, changes()).result is Result.SAME
    assert seen == [header] * 5


def test_a_change_whose_answer_is_not_known_is_not_sent_twice(asked: InMemoryTeam) -> None:
    asked.edit(f"[routes.{ROUTE}]", f'[routes.{ROUTE}.parity]\nreplay = "idempotent"\n\n[routes.{ROUTE}]')

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    functions(asked).calls.after(killed, "Invoke", times=1)
    with pytest.raises(KeyboardInterrupt):
        compare(asked, changes(1))
    found = compare(asked, changes(1))
    assert [*found.skipped] == ["it was sent before, and its answer is unknown"]


def test_a_torn_journal_is_read_as_far_as_it_goes(asked: InMemoryTeam) -> None:
    compare(asked)
    (journal,) = asked.folder.rglob("parity/*.jsonl")
    content = journal.read_bytes()
    assert journal.stat().st_mode & 0o777 == 0o600
    journal.write_bytes(content[: len(content) // 2] + b"\xff{")
    assert compare(asked).requests == 30
    assert compare(asked).requests == 30


def test_a_rule_of_the_inventory_counts_and_is_told(asked: InMemoryTeam) -> None:
    candidate(asked, lambda event: answer({"path": event["path"], "score": "7", "at": RANDOM.random()}))
    rule = 'ignore = [{ path = "$.score", reason = "clients read both", until = 2999-12-31 }]'
    asked.edit(f"[routes.{ROUTE}]", f"[routes.{ROUTE}.parity]\n{rule}\n\n[routes.{ROUTE}]")
    found = compare(asked)
    assert (found.result, found.rules) == (Result.SAME, {"$.score": 30})


def test_no_secret_is_in_a_file_an_event_or_the_output(asked: InMemoryTeam) -> None:
    candidate(asked, lambda event: answer({"token": CANARY, "echo": event["headers"].get("authorization"), "at": 1}))
    requests = [{**each, "headers": {"Authorization": f"Bearer {CANARY}", "Cookie": CANARY}} for each in reads()]
    file = lines(asked, requests)
    done = asked.run("parity", "production", "--route", ROUTE, "--from", str(file))
    machine = asked.run("parity", "production", "--route", ROUTE, "--from", str(file), "--json", "--restart")
    assert done.returncode == machine.returncode == 8
    written = [each.read_bytes() for each in asked.folder.rglob("*") if each.is_file() and each != file]
    assert any(b"$.echo" in each for each in written)
    assert not any(CANARY.encode() in each for each in written)
    assert CANARY not in done.stdout + done.stderr + machine.stdout + machine.stderr


class TestSources:
    def live(self, team: InMemoryTeam) -> AlbState:
        return team.open().traffic.alb_state()

    def test_an_access_log_has_requests_and_their_statuses(self, asked: InMemoryTeam, tmp_path: Path) -> None:
        live, route = self.live(asked), asked.inventory.routes[ROUTE]
        group, rule = live.group_arn(route.legacy), route.priority
        now = asked.world.clock.utc
        log = [
            log_line(now, group, rule, status=status).replace(b"/a?b=c", f"/v2/stamps/{n}/score/0xA".encode())
            for n, status in enumerate((200, 200, 404))
        ]
        log.append(log[0].replace(b'"GET ', b'"POST '))
        log.append(log[0][:100])
        file = tmp_path / "torn.log.gz"
        file.write_bytes(gzip.compress(b"\n".join(log))[:-9])
        (found,) = asked.open().parity.coverage(Sources(routes=[ROUTE], files=[file])).routes
        assert (found.requests, found.chosen, found.statuses) == (4, 3, {"2xx": 3, "4xx": 1})
        shape = "/v2/stamps/{int}/score/{hex}"
        assert found.shapes == {f"GET {shape}": 3, f"POST {shape}": 1}

    def test_a_har_file_loses_its_credentials(self, asked: InMemoryTeam, tmp_path: Path) -> None:
        headers = [{"name": "Cookie", "value": CANARY}, {"name": "Accept", "value": "*/*"}]
        url = "https://x.example/v2/stamps/1/score/0xA?full=1"
        entry = {"request": {"method": "GET", "url": url, "headers": headers}}
        file = tmp_path / "browser.har"
        file.write_text(json.dumps({"log": {"entries": [entry, {"request": {}}, 7]}}))
        seen = list[Any]()

        def kept(event: Mapping[str, Any]) -> object:
            seen.append(event)
            return scored(event)

        candidate(asked, kept)
        report = asked.open().parity.compare(Sources(routes=[ROUTE], files=[file]))
        assert "cookie" not in seen[0]["headers"]
        assert seen[0]["queryStringParameters"] == {"full": "1"}
        assert len(report.coverage.notes) >= 2

    @pytest.mark.parametrize(
        ("name", "content"),
        [("a.har", b"{}"), ("a.har", b"no"), ("a.log.gz", b"plain"), ("missing.jsonl", None)],
    )
    def test_a_file_that_is_none_is_refused(
        self, asked: InMemoryTeam, tmp_path: Path, name: str, content: bytes | None
    ) -> None:
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        done = asked.run("parity", "production", "--from", str(file), "--coverage", "--json")
        assert (done.returncode, json.loads(done.stdout)["code"]) == (2, "unreadable-requests")

    def test_lines_that_are_none_are_counted(self, asked: InMemoryTeam, tmp_path: Path) -> None:
        file = tmp_path / "some.jsonl"
        file.write_text('{"path": "/v2/stamps/1/score/0xA"}\n{"path": 1}\nno\n\n{"path": "/nowhere"}\n')
        report = asked.open().parity.coverage(Sources(files=[file]))
        assert sum(route.requests for route in report.routes) == 1
        assert any(note.startswith("2 lines") for note in report.notes)
        assert any(note.startswith("1 request of") for note in report.notes)

    def test_a_million_alike_are_a_few(self, asked: InMemoryTeam) -> None:
        report = asked.open().parity.coverage(
            Sources(routes=[ROUTE], files=[lines(asked, reads(500) * 3)], requests=20, since=timedelta(hours=1))
        )
        assert [(route.requests, route.chosen) for route in report.routes] == [(1500, 20)]


class TestKeeping:
    def test_what_was_recorded_is_asked_again(self, asked: InMemoryTeam) -> None:
        file, kept = lines(asked, reads()), asked.folder / "kept.jsonl"
        done = asked.run("parity", "import", "production", str(file), "--to", str(kept))
        assert done.returncode == 0, done.stderr
        assert kept.stat().st_mode & 0o777 == 0o600
        again = asked.run("parity", "import", "production", str(file), "--to", str(kept), "--json")
        assert (again.returncode, json.loads(again.stdout.splitlines()[-1])["code"]) == (2, "file-exists")
        page = asked.run("parity", "production", "--from", str(file), "--html", str(kept), "--json")
        assert (page.returncode, json.loads(page.stdout.splitlines()[-1])["code"]) == (2, "file-exists")
        assert invocations(asked) == 0
        compare(asked)
        asked.open().parity.compare(Sources(routes=[ROUTE], files=[kept]))
        assert invocations(asked) == 90

    @pytest.mark.parametrize("body", [{"body": {"n": [1.0, None]}}, {"body": "plain"}, {"body_base64": "/w=="}, {}])
    def test_a_line_is_the_same_request_again(self, body: dict[str, Any]) -> None:
        headers = {"x-a": ["1", "2"], "accept": "*/*"}
        path = "/v2/stamps/1/score/0xA?a=%2F&a=b&c="
        line = json.dumps({"route": ROUTE, "method": "POST", "path": path, "headers": headers, **body}).encode()
        (first,) = JsonLinesSource(lambda _: None).read([line])
        (second,) = JsonLinesSource(lambda _: None).read([line_of(first)])
        assert (second.digest, second) == (first.digest, first)

    def test_record_says_what_logs_cover_by_shape_parameter_and_status(self, asked: InMemoryTeam) -> None:
        log(asked, "legacy", (200, 200, 404))
        done = asked.run("parity", "record", "production", "--route", ROUTE, "--json")
        (route,) = json.loads(done.stdout.splitlines()[-1])["routes"]
        assert (route["statuses"], route["parameters"]) == ({"2xx": 2, "4xx": 1}, {"b={text}": 3})
        assert invocations(asked) == 0


def log(team: InMemoryTeam, side: str, statuses: Iterable[int]) -> None:
    live, route, now = team.open().traffic.alb_state(), team.inventory.routes[ROUTE], team.world.clock.utc
    group = live.group_arn(getattr(route, side))
    some = [
        log_line(now, group, route.priority, status=status).replace(b"/a?b=c", b"/v2/stamps/1/score/%d?b=c" % n)
        for n, status in enumerate(statuses)
    ]
    team.world.access_logs.put(live.load_balancers[route.load_balancer], now, some)


class TestByTraffic:
    def test_codes_are_told_apart_though_their_class_is_one(self, asked: InMemoryTeam) -> None:
        log(asked, "legacy", (200,) * 900 + (401,) * 100)
        log(asked, "candidate", (200,) * 90 + (403,) * 10)
        (found,) = asked.open().parity.traffic([ROUTE]).routes
        assert (found.legacy, found.candidate) == (1000, 100)
        codes = {each.code: (each.legacy, each.candidate, each.unlike) for each in found.codes}
        assert codes == {200: (900, 90, False), 401: (100, 0, True), 403: (0, 10, True)}
        shown = asked.run("parity", "traffic", "production", "--route", ROUTE)
        assert re.search(r"403 +0 +0.00% +10 +10.00% +≠", shown.stdout)

    def test_where_one_side_has_no_requests_nothing_is_unlike(self, asked: InMemoryTeam) -> None:
        log(asked, "legacy", (200, 500))
        found = asked.open().parity.traffic()
        assert not any(each.unlike for route in found.routes for each in route.codes)
        assert {route.route: route.legacy for route in found.routes}[ROUTE] == 2
        assert "all of them to legacy" in asked.run("parity", "traffic", "production").stdout

    def test_a_load_balancer_with_two_keys_is_read_once(self, asked: InMemoryTeam) -> None:
        log(asked, "legacy", (200, 200, 404))
        live, environment = asked.open().traffic.alb_state(), asked.inventory
        twice = replace(live, load_balancers={**live.load_balancers, "again": live.load_balancers["public"]})
        others = {name: each.model_copy(update={"load_balancer": "again"}) for name, each in environment.routes.items()}
        routes = {"routes": others | {ROUTE: environment.routes[ROUTE]}}
        container = asked.world.actor().parts(environment, lambda _stack, _holder: None)
        read = logged_lines(container, environment.model_copy(update=routes), twice, timedelta(hours=1), print)
        assert sum(len(some) for _, lines in read for some in lines) == 3


@pytest.mark.parametrize("name", ["record", "import", "explain", "traffic", "compare"])
def test_an_environment_may_have_the_name_of_a_command(cut_over: InMemoryTeam, name: str) -> None:
    def code(*arguments: str) -> str:
        return str(json.loads(cut_over.run("parity", *arguments, "--json").stdout.splitlines()[-1])["code"])

    assert code(name, "--since", "7d") == code("compare", name) == "unknown-environment"  # and not a missing argument
    assert code(name, "elsewhere", *(["file"] if name == "import" else [])) == "unknown-environment"
    for help_option in ("--help", "-h"):
        assert cut_over.run("parity", name, help_option).stdout.startswith(f"Usage: rollout parity {name}")
        assert cut_over.run("parity", help_option).stdout.startswith("Usage: rollout parity [OPTIONS] COMMAND")
