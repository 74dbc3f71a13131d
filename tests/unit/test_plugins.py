"""A plugin gives the numbers in CloudWatch's place, and whatever is wrong with one is a single clear error."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout.adapters.plugins import METRICS, NOTIFIERS, notifier
from rollout.analysis.metrics import Point, Series, target_group
from rollout.analysis.ports import CheckedMetrics
from rollout.api.container import Container
from rollout.errors import AwsError, ConfigError, RolloutError, UsageError
from rollout.inventory.file.reading import parse
from rollout.inventory.model import Arn
from rollout.inventory.ramp_settings import Analysis
from tests.unit.builders import environment

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "metrics_plugin"
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
GROUP = Arn("arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/new/1")
ASKED = target_group(Arn("arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/lb/1"), GROUP)

SOURCE = """
class Source:
    def read(self, series, start, end):
        {}

def source(environment):
    return Source()
"""

POINT = "from rollout.analysis.metrics import Point; return dict.fromkeys(series, (Point(start, {}),))"

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a package's metadata where Python finds it, as an installer does; its modules are those of the folder."""
    monkeypatch.syspath_prepend(tmp_path)

    def put(name: str, target: str, group: str = METRICS) -> None:
        folder = tmp_path / f"{target.partition(':')[0]}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {target.partition(':')[0]}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")

    return put


def parts(source: str, root: Path = Path()) -> Container:
    return Container(environment(analysis=Analysis(source=source), root=root))


def read(of: Container, *series: Series) -> dict[Series, tuple[Point, ...]]:
    return dict(of.metrics.read(series, NINE, NINE + timedelta(minutes=2)))


def test_the_example_gives_the_numbers_of_its_file(
    tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(EXAMPLE)
    ((name, target),) = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["entry-points"][
        METRICS
    ].items()
    install(name, target)
    lines = [
        {"name": "RequestCount", "of": "targetgroup/new/1", "statistic": "Sum", "time": time, "value": value}
        for time, value in (("2026-01-05T09:00:00Z", 84), ("2026-01-05T09:02:00Z", 7))
    ]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
    requests, errors = ASKED.series("RequestCount"), ASKED.series("HTTPCode_Target_5XX_Count")
    assert read(parts(name, tmp_path), requests, errors) == {requests: (Point(NINE, 84.0),), errors: ()}


def test_a_missing_plugin_is_named_beside_those_that_are_there(install: Install) -> None:
    install("zabbix", "any_module:source")
    with pytest.raises(UsageError) as caught:
        read(parts("graphite"))
    assert caught.value.code == "plugin-missing"
    assert "metrics source 'graphite'" in caught.value.what
    assert {"cloudwatch", "zabbix"} <= set(str(caught.value.hint).partition("here: ")[2].split(", "))


def test_two_plugins_of_a_name_are_told(install: Install) -> None:
    install("twice", "one_module:source")
    install("twice", "other_module:source")
    with pytest.raises(UsageError, match="one_module:source and other_module:source") as caught:
        read(parts("twice"))
    assert caught.value.code == "plugin-unusable"


@pytest.mark.parametrize(
    ("module", "code", "error", "told"),
    [
        ("bad_import", "import nothing_of_that_name", UsageError, "ModuleNotFoundError"),
        ("bad_function", "source = lambda environment: 1 / 0", UsageError, "ZeroDivisionError"),
        ("bad_source", "source = lambda environment: object()", UsageError, "`read`"),
        ("bad_read", SOURCE.format("raise OSError('no route to host')"), AwsError, "OSError: no route to host"),
        ("bad_answer", SOURCE.format("return dict.fromkeys(series, (1, 2))"), AwsError, "points"),
        ("bad_part", SOURCE.format("return {}"), AwsError, "RequestCount"),
        ("bad_value", SOURCE.format(POINT.format(-1)), AwsError, "-1"),
        ("bad_number", SOURCE.format(POINT.format("float('inf')")), AwsError, "inf"),
    ],
)
def test_a_bad_plugin_is_one_clear_error(  # noqa: PLR0917 - a case's parts
    module: str, code: str, error: type[RolloutError], told: str, install: Install, tmp_path: Path
) -> None:
    (tmp_path / f"{module}.py").write_text(code)
    install("bad", f"{module}:source")
    with pytest.raises(error, match=told) as caught:
        read(parts("bad"), ASKED.series("RequestCount"))
    assert caught.value.code == ("plugin-unusable" if error is UsageError else "metrics-source-failed")


def test_a_source_that_does_not_know_its_queries_is_read_for_the_preflight(install: Install, tmp_path: Path) -> None:
    (tmp_path / "quiet.py").write_text(SOURCE.format("return {each: () for each in series}"))
    install("quiet", "quiet:source")
    metrics = parts("quiet").metrics
    assert isinstance(metrics, CheckedMetrics)
    asked = [ASKED.series("RequestCount")]
    assert list(metrics.unanswered(asked, NINE, NINE + timedelta(minutes=2))) == asked


def test_a_sources_options_are_its_own_and_only_a_plugins() -> None:
    text = (ROOT / "stacks.toml").read_text("utf-8")
    options = '[analysis.options]\nurl = "https://example.com"\n'
    named = parse(text + f'\n[analysis]\nsource = "prometheus"\n{options}', ROOT / "stacks.toml")
    analysis = named.environment("production").analysis
    assert analysis.options == {"url": "https://example.com"}
    assert "example.com" not in repr(analysis)
    with pytest.raises(ConfigError) as caught:
        parse(text + f"\n{options}", ROOT / "stacks.toml").check()
    assert {str(problem.where).split(": ")[1] for problem in caught.value.problems} == {"analysis"}
    with pytest.raises(ConfigError) as caught:
        parse(text + '\n[analysis]\nsource = "x"\noptions = "s3cret"\n', ROOT / "stacks.toml").check()
    assert "s3cret" not in str(caught.value)


def test_the_inventory_names_a_source_and_a_name_must_look_like_one() -> None:
    text = (ROOT / "stacks.toml").read_text("utf-8")
    named = parse(text + '\n[analysis]\nsource = "jsonlines"\n', ROOT / "stacks.toml")
    assert named.environment("production").analysis.source == "jsonlines"
    with pytest.raises(ConfigError) as caught:
        parse(text + '\n[analysis]\nsource = "Not A Name"\n', ROOT / "stacks.toml").check()
    (problem,) = caught.value.problems
    assert str(problem.where).endswith(": analysis.source")


def test_the_inventory_names_a_notifier_with_options_of_its_own() -> None:
    text = (ROOT / "stacks.toml").read_text("utf-8")
    options = 'options = { server = "https://ntfy.example.com", tags = ["a", "b"] }\n'
    named = parse(text + f'\n[notifications.phones]\nplugin = "ntfy"\n{options}', ROOT / "stacks.toml")
    (phones,) = named.environment("production").notifications.values()
    assert (phones.plugin, phones.options) == ("ntfy", {"server": "https://ntfy.example.com", "tags": ["a", "b"]})
    with pytest.raises(ConfigError) as caught:
        parse(text + f'\n[notifications.phones]\ncommand = ["true"]\n{options}', ROOT / "stacks.toml").check()
    assert {str(problem.where).split(": ")[1] for problem in caught.value.problems} == {"notifications.phones"}


@pytest.mark.parametrize(
    ("module", "code", "told"),
    [
        ("no_way", "notifier = lambda environment, options: 1", "callable"),
        ("no_option", "notifier = lambda environment, options: options['topic']", "KeyError"),
    ],
)
def test_a_bad_notifier_is_one_clear_error(module: str, code: str, told: str, install: Install, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text(code)
    install("bad", f"{module}:notifier", NOTIFIERS)
    with pytest.raises(UsageError, match=told) as caught:
        notifier("bad", environment(), {})
    assert caught.value.code == "plugin-unusable"


def test_a_missing_notifier_is_named_beside_those_that_are_there(install: Install) -> None:
    install("ntfy", "any_module:notifier", NOTIFIERS)
    with pytest.raises(UsageError, match="notifier 'matrix'") as caught:
        notifier("matrix", environment(), {})
    assert caught.value.code == "plugin-missing"
    assert str(caught.value.hint).endswith("here: ntfy")
