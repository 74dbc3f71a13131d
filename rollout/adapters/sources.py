"""What sources of metrics share that ask another system over HTTP: options, names in queries, calls, and points.

stacks.toml has a query for each of AWS's metrics, with placeholders: `$name` is the target group's or function's name,
or what `names` says for it, `$load_balancer` the load balancer's, and `$environment` the environment's. A source puts
their values where its query language has values, and quotes them; so no name can change a query.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from rollout.analysis.metrics import Series
from rollout.base.foreign import Unexpected, json_of
from rollout.errors import AwsError, UsageError
from rollout.inventory.model import Environment

if TYPE_CHECKING:
    import urllib3

CONNECT, READ = 5.0, 30.0
"""How many seconds a connection, and an answer, may take."""
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_TRIES, _PATIENCE = 3, 10.0
_MOST = 200_000_000  # bytes of an answer
_AT_ONCE = 4
_PLACEHOLDER = re.compile(r"\$([a-z_]+)")
_WHERE = "analysis.options"
_T = TypeVar("_T")
_U = TypeVar("_U")
_O = TypeVar("_O", bound="SourceOptions")
REQUESTS = {"AWS/ApplicationELB": "RequestCount", "AWS/Lambda": "Invocations"}
"""By namespace, the metric that counts all requests. Where it has numbers, the source was at work."""


class SourceOptions(BaseModel):
    """The common options. No error tells a value, since it may be a secret in the wrong place.

    Attributes:
        queries: By AWS's metric, such as `RequestCount`, the query.
        absent: AWS's metrics that don't occur there, so that they count 0. One without a query isn't known.
        names: By the name of a target group, function or load balancer, what queries call it.
        alive: A query that has numbers while the system is measured, also without requests.
        latency_unit: The unit of latencies there.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=lambda name: name.replace("_", "-"), populate_by_name=True
    )

    queries: Mapping[str, str] = Field(min_length=1)
    absent: frozenset[str] = frozenset()
    names: Mapping[str, str] = Field(default_factory=dict)
    alive: str | None = None
    latency_unit: Literal["s", "ms"] = "s"

    @field_validator("queries", "alive")
    @classmethod
    def _placeholders(cls, value: Mapping[str, str] | str | None) -> Mapping[str, str] | str | None:
        texts = value.values() if isinstance(value, Mapping) else [value or ""]
        unknown = {name for text in texts for name in _PLACEHOLDER.findall(text)} - _NAMES
        if unknown:
            raise ValueError(f"there is no placeholder ${min(unknown)}; allowed: {', '.join(sorted(_NAMES))}")
        return value

    def factor(self, series: Series) -> float:
        """How many of AWS's units a unit of latencies there is: Lambda has milliseconds, load balancers seconds."""
        theirs, ours = (1000.0 if ms else 1.0 for ms in (self.latency_unit == "ms", series.name == "Duration"))
        return ours / theirs


_NAMES = frozenset({"name", "load_balancer", "environment"})


def options_of(kind: type[_O], environment: Environment) -> _O:
    """A source's options in stacks.toml.

    Raises:
        UsageError: They aren't right; the message has the key and not the value.
    """
    try:
        return kind.model_validate(environment.analysis.options)
    except ValidationError as error:
        first, *_ = error.errors(include_url=False, include_input=False)
        place = ".".join((_WHERE, *map(str, first["loc"])))
        raise UsageError(
            f"{place}: {first['msg'].removeprefix('Value error, ')}",
            where=_WHERE,
            hint="see docs/plugins.md for the options of each source",
            code="plugin-unusable",
        ) from None


def values_of(series: Series, environment: Environment, names: Mapping[str, str]) -> dict[str, str]:
    """What a series' placeholders stand for: target groups and load balancers by their names, without AWS's ids."""
    dimensions = dict(series.dimensions)
    group, balancer = dimensions.get("TargetGroup", ""), dimensions.get("LoadBalancer", "")
    balancer = balancer.split("/")[1] if balancer.count("/") > 1 else balancer
    name = group.split("/")[1] if "/" in group else dimensions.get("FunctionName", group or balancer)
    return {
        "name": names.get(name, name),
        "load_balancer": names.get(balancer, balancer),
        "environment": environment.name,
    }


def filled(text: str, values: Mapping[str, str], quoted: Callable[[str], str] = str) -> str:
    """A text with the values of its placeholders."""
    return _PLACEHOLDER.sub(lambda found: quoted(values[found[1]]), text)


def requests_of(series: Series) -> Series:
    """The series that counts all requests of the same target group or function."""
    return Series(series.namespace, REQUESTS.get(series.namespace, series.name), series.dimensions, "Sum")


def each_at_once(work: Callable[[_T], _U], items: Sequence[_T]) -> dict[_T, _U]:
    """The results of work on some items, a few at a time."""
    with ThreadPoolExecutor(max(1, min(_AT_ONCE, len(items)))) as pool:
        return dict(zip(items, pool.map(work, items), strict=True))


def variable(*names: str) -> str | None:
    """The first of some environment variables that is set."""
    return next((value for name in names if (value := os.environ.get(name))), None)


class JsonApi:
    """POSTs to one HTTP API, by urllib3, which botocore brings: it keeps connections, and threads may share it.

    Args:
        name: What people call it.
        url: Its address, http or https. Credentials in it are refused: they'd be in stacks.toml.
        headers: Sent with each request; errors never have them, nor what was asked.
        sleep: Waits so many seconds before another try.

    Raises:
        UsageError: It isn't such an address.
    """

    def __init__(
        self, name: str, url: str, headers: Mapping[str, str], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        try:
            parts = urlsplit(url)
            is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            is_right = is_right and parts.username is None and not (parts.query or parts.fragment)
        except ValueError:
            is_right = False
        if not is_right:
            what = f"the address of {name} is not an http or https URL without credentials"
            raise UsageError(what, where=_WHERE, hint="put credentials into variables", code="plugin-unusable")
        if any(not value.isascii() or not value.isprintable() for value in headers.values()):
            what = f"the credentials of {name} have a line break, or another character that a header can't have"
            raise UsageError(what, hint="set the variables anew", code="plugin-unusable")
        self._name, self._url, self._headers, self._sleep = name, url.rstrip("/"), headers, sleep

    @cached_property
    def _http(self) -> urllib3.PoolManager:
        import urllib3  # noqa: PLC0415 - only a source that asks needs it

        parts = urlsplit(self._url)
        how: dict[str, Any] = {
            "maxsize": 4 * _AT_ONCE,  # of several readings at a time
            "retries": False,
            "timeout": urllib3.Timeout(connect=CONNECT, read=READ),
        }
        proxy = getproxies().get(parts.scheme)
        if proxy and not proxy_bypass(parts.hostname or ""):
            return urllib3.ProxyManager(proxy, **how)
        return urllib3.PoolManager(**how)

    def post(self, path: str, **body: Any) -> Any:
        """The JSON of an answer with status 200.

        Args:
            path: After the address.
            body: `fields` or `json`, as urllib3 takes them.

        Raises:
            AwsError: There was none in time, or another one; 408, 429 and 5xx are tried three times.
        """
        for tries in range(1, _TRIES + 1):
            status, text, wait = self._once(path, body)
            if status not in _AGAIN or tries == _TRIES:
                break
            self._sleep(min(_PATIENCE, 2.0 ** (tries - 1) if wait is None else wait))
        if status == 0:
            raise self._failed(f"can't be reached: {text.decode()}")
        if status != 200:  # noqa: PLR2004 - OK
            raise self._refused(status, text)
        try:
            return json_of(text)
        except Unexpected as error:
            raise self._failed(f"answered something that {error}") from None

    def _once(self, path: str, body: Mapping[str, Any]) -> tuple[int, bytes, float | None]:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

        try:
            answer = self._http.request(
                "POST", self._url + path, headers=dict(self._headers), redirect=False, preload_content=False, **body
            )
            try:
                text = answer.read(_MOST + 1)
            finally:
                answer.release_conn()
        except HTTPError as error:
            return 0, type(error).__name__.encode(), None
        if len(text) > _MOST:
            raise self._failed(f"answered more than {_MOST // 1_000_000} MB; ask for less time, or fewer series")
        after = answer.headers.get("Retry-After") or answer.headers.get("X-RateLimit-Reset") or ""
        return answer.status, text, float(after) if after.isdecimal() else None

    def _refused(self, status: int, text: bytes) -> AwsError:
        """What it says, shortened; a 401 or 403 may repeat what it was given, and is not told."""
        if status in (401, 403):
            hint = "check the variables with its credentials; docs/plugins.md names them"
            return AwsError(f"{self._name} refused the credentials: HTTP {status}", hint=hint, code="metrics-refused")
        if status == 429:  # noqa: PLR2004 - too many requests
            hint = "look less often, or raise its limit"
            return AwsError(f"{self._name} has a limit of requests: HTTP 429", hint=hint, code="metrics-source-failed")
        said = _message(text)
        code = "metrics-refused" if status in (400, 404, 422) else "metrics-source-failed"
        return AwsError(f"{self._name} answered HTTP {status}{f': {said}' if said else ''}", code=code)

    def _failed(self, why: str) -> AwsError:
        return AwsError(f"{self._name} {why}", hint="try again in a minute", code="metrics-source-failed")


def _message(text: bytes) -> str:
    """The message of an error's JSON: Prometheus's `error`, Datadog's `errors`."""
    try:
        said = json_of(text[:10_000])
    except Unexpected:
        return ""
    found = said.get("error") or said.get("errors") if isinstance(said, Mapping) else None
    found = "; ".join(map(str, found)) if isinstance(found, list) else str(found or "")
    return "".join(each if each.isprintable() else " " for each in found)[:300]
