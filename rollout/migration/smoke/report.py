"""Judges functions' answers, and reports them. Pure.

An answer is looked at as a load balancer does first, since what that can't read is a 502 for clients.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Annotated, Any

from pydantic import Field, PlainSerializer

from rollout.alb.alb_event import Answer, Malformed, checked
from rollout.alb.invocation import Invocation
from rollout.base.foreign import Unexpected, json_of
from rollout.base.formatting import count_of
from rollout.errors import Problem, SmokeFailed

SERVER_ERROR = 500
Milliseconds = Annotated[timedelta, PlainSerializer(lambda t: round(t / timedelta(milliseconds=1)), return_type=int)]
_FINDINGS, _LENGTH = 3, 200  # of a schema's, and characters of each


@dataclass(frozen=True, slots=True)
class Smoked:
    """The result of one route.

    Attributes:
        route: Its name.
        function: The candidate's function that was asked, by its name on AWS.
        request: What it was asked; empty where nothing was.
        status: What it answered with; None if it didn't, or so that a load balancer couldn't read it.
        took: How long that took, a cold start included.
        problems: The problems.
        note: What to know; nothing stops for it.
    """

    route: str
    function: str
    request: str = ""
    status: int | None = None
    took: Annotated[Milliseconds | None, Field(serialization_alias="took-ms")] = None
    problems: tuple[Problem, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SmokeReport:
    """The results of all routes of an environment.

    Attributes:
        environment: Its name.
        routes: In the order of the inventory.
        warmed: By function, the parallel invocations that answered before the samples were sent.
    """

    environment: str
    routes: tuple[Smoked, ...]
    warmed: Mapping[str, int] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems."""
        return tuple(problem for route in self.routes for problem in route.problems)

    def require(self) -> None:
        """Go on only if all is well.

        Raises:
            SmokeFailed: With all problems.
        """
        if self.problems:
            failed = sum(1 for route in self.routes if route.problems)
            routes = count_of(len(self.routes), "route")
            what = f"{failed} of {routes} of {self.environment} failed"
            raise SmokeFailed(what, self.problems, hint="fix them; no traffic was moved")


def judge(
    went: Invocation, statuses: Iterable[int], schema: Any, *, multi_value: bool = False
) -> tuple[int | None, Iterator[str]]:
    """An answer's status, and what is wrong with it.

    Args:
        statuses: Those that are expected; any below 500 if there are none.
        schema: A JSON schema for the body; None for any body.
        multi_value: Whether it has to answer with lists of headers.
    """
    if went.error is not None:
        return None, iter([f"the function failed: {went.error}"])
    try:
        answer = checked(went.said, multi_value=multi_value)
    except Malformed as error:
        return None, iter([f"clients would get a 502, since the load balancer can't read the answer: {error}"])
    return answer.status, _wrong(answer, tuple(statuses), schema)


def _wrong(answer: Answer, statuses: tuple[int, ...], schema: Any) -> Iterator[str]:
    if answer.status not in statuses if statuses else answer.status >= SERVER_ERROR:
        expected = " or ".join(map(str, statuses)) or f"below {SERVER_ERROR}"
        yield f"status {answer.status}, expected {expected}"
    if schema is None:
        return
    try:
        body = json_of(answer.body)
    except Unexpected:
        yield "the body is not JSON"
        return
    yield from _unlike(schema, body)


def _unlike(schema: Any, body: Any) -> Iterator[str]:
    from jsonschema.validators import validator_for  # noqa: PLC0415 - only where there is a schema
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    validator = validator_for(schema)(schema, registry=Registry())  # which looks nothing up on the network
    try:
        for error in islice(validator.iter_errors(body), _FINDINGS):
            yield f"body {error.json_path}: {error.message[:_LENGTH]}"
    except Unresolvable as error:
        yield f"the schema refers to {error.ref}, which it doesn't contain"
