"""What each route is asked and what must come back: a JSON file for each route, in a folder of the repository."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator

from rollout.base.files import Unreadable, is_folder, read_bytes
from rollout.base.foreign import Unexpected, json_of
from rollout.errors import ConfigError, Problem, UsageError
from rollout.errors.redaction import hide
from rollout.inventory.conditions import ConditionField, Request, unmet, values_of
from rollout.inventory.fields import UNTOLD, Frozen, OneOrSeveral
from rollout.inventory.file.findings import dotted, findings_of, suggestion
from rollout.inventory.matching import shared_request
from rollout.inventory.model import Environment, Route

_OF_ENDPOINTS = (ConditionField.METHOD, ConditionField.PATH, ConditionField.QUERY)
"""The keys of a sample."""
_VARIABLE = re.compile(r"\$[A-Z_][A-Z0-9_]*")


def _is_status(value: object) -> object:
    if type(value) is not int or not 100 <= value <= 599:  # noqa: PLR2004 - HTTP's own
        raise ValueError(f"{value!r} is not an HTTP status; allowed: 100 to 599")
    return value


_Status = Annotated[int, BeforeValidator(_is_status)]


class SampleRequest(Frozen):
    """A request, as a client writes it; what isn't a text in the body is sent as JSON.

    A header's value may be `$NAME`, the variable with it, since keys don't belong in a repository.
    """

    method: str
    path: str
    query: Mapping[str, str] = Field(default_factory=dict)
    headers: Annotated[Mapping[str, str], UNTOLD] = Field(default_factory=dict, repr=False)
    body: Any = None

    @field_validator("headers")
    @classmethod
    def _resolved(cls, headers: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
        variables: Mapping[str, str] = info.context or {}
        names = {name: value[1:] for name, value in headers.items() if _VARIABLE.fullmatch(value)}
        if missing := [name for name in names.values() if name not in variables]:
            raise ValueError(f"the variable {missing[0]} is not set")
        hide(*(variables[variable] for variable in names.values()))
        return {**headers, **{name: variables[variable] for name, variable in names.items()}}

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Expectation(Frozen):
    """What must come back; any status below 500 if none is named."""

    status: Annotated[tuple[_Status, ...], OneOrSeveral(_Status)] = ()
    schema_: dict[str, Any] | None = Field(None, alias="schema")

    @field_validator("schema_")
    @classmethod
    def _is_one(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        from jsonschema import SchemaError  # noqa: PLC0415 - only where there is a schema
        from jsonschema.validators import validator_for  # noqa: PLC0415

        try:
            if value is not None:
                validator_for(value).check_schema(value)
        except SchemaError as error:
            raise ValueError(f"is not a JSON schema: {error.message}") from None
        return value


class Sample(Frozen):
    """A file."""

    request: SampleRequest
    expect: Expectation = Expectation()

    @property
    def body(self) -> bytes:
        """The body's bytes."""
        body = self.request.body
        return b"" if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()

    @property
    def asked(self) -> Request:
        """The request as it comes to a load balancer."""
        request, names = self.request, {name.lower() for name in self.request.headers}
        headers = {"accept": "*/*", "host": "localhost", "user-agent": "rollout-smoke"}
        if request.body is not None and not isinstance(request.body, str):
            headers["content-type"] = "application/json"
        kept = ((name, value) for name, value in headers.items() if name not in names)
        query = tuple((quote(name, safe=""), quote(value, safe="")) for name, value in request.query.items())
        return Request(request.method, request.path, query, (*kept, *request.headers.items()))


def made_up(route: Route) -> Sample | None:
    """What a route without a file is asked; None if a made-up request might change something."""
    asked = route.conditions or ()
    methods = values_of(asked, ConditionField.METHOD) or ("GET",)
    method = next((method for method in ("GET", "HEAD") if method in methods), None)
    if method is None:
        return None
    path = next(iter(values_of(asked, ConditionField.PATH)), "/*").replace("*", "smoke").replace("?", "x")
    shared = shared_request(asked)
    query, host = dict(shared.query) if shared else {}, shared.host if shared else ""
    headers = {"host": host} if host else {}
    return Sample(
        request=SampleRequest(
            method=method, path=path if path.startswith("/") else f"/{path}", query=query, headers=headers
        )
    )


def read_samples(
    folder: Path, environment: Environment, *, wanted: bool, variables: Mapping[str, str] = os.environ
) -> dict[str, Sample]:
    """The samples of a folder, by route: `ROUTE.json`, each a `Sample`.

    Args:
        folder: Where they are.
        environment: Whose routes they are for.
        wanted: Whether the folder must be there.
        variables: Where a header's `$NAME` is looked for.

    Raises:
        UsageError: It doesn't exist.
        ConfigError: With every problem of all files.
    """
    if wanted and not is_folder(folder):
        raise UsageError("there is no such folder of samples", where=str(folder), code="file-missing")
    samples: dict[str, Sample] = {}
    problems: list[Problem] = []
    for file in sorted(folder.glob("*.json")):
        try:
            sample = _read(file, environment, variables)
            samples |= dict.fromkeys(environment.routes_in_file[file.stem], sample)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError("the samples can't be used", problems)
    return samples


def _read(file: Path, environment: Environment, variables: Mapping[str, str]) -> Sample:
    named = environment.routes_in_file
    route = environment.routes[named[file.stem][0]] if file.stem in named else None
    wrong: list[Problem] = []
    if route is None:
        wrong.append(
            Problem(
                f"there is no route {file.stem!r}{suggestion(file.stem, named)}",
                str(file),
                code="unknown-route",
            )
        )
    try:
        sample = Sample.model_validate(json_of(read_bytes(file)), context=variables)
    except ValidationError as error:
        raise ConfigError("", [*wrong, *_problems_of(error, file)]) from None
    except Unexpected as error:
        raise ConfigError("", [*wrong, Problem(str(error), str(file), code="invalid-json")]) from None
    except Unreadable as error:
        raise ConfigError("", [*wrong, Problem(str(error), str(file), code="file-unreadable")]) from None
    if route and unmet([c for c in route.conditions or () if c.field in _OF_ENDPOINTS], sample.asked):
        wrong.append(
            Problem(
                f"{sample.request} doesn't match the route, which is {route}",
                str(file),
                code="sample-route-mismatch",
            )
        )
    if wrong:
        raise ConfigError("", wrong)
    return sample


def _problems_of(error: ValidationError, file: Path) -> Iterator[Problem]:
    for told in findings_of(error, Sample):
        what = f"{dotted(told.at)}: {told.what}" if told.at else told.what
        yield Problem(what, where=str(file), hint=told.hint, code=told.code)
