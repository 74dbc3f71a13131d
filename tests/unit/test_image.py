"""What `nox -s image` does around the image: it needs a tool, and it is what Lambda is to the function's runtime."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection

import pytest

from tests.image.look import main
from tests.image.runtime_api import RuntimeApi

ARN = "arn:aws:lambda:us-west-2:123456789012:function:controller"
INVOCATION = "/2018-06-01/runtime/invocation"


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 1)])
def test_without_a_tool_it_says_so_and_only_who_insists_gets_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], code: int
) -> None:
    monkeypatch.setenv("PATH", "/nothing/here")
    monkeypatch.setattr(sys, "argv", ["look", *options])
    assert main() == code
    assert "apt-get install buildah" in capsys.readouterr().err


def test_a_runtime_gets_an_event_and_what_it_says_is_known() -> None:
    with RuntimeApi(ARN).serving() as api, ThreadPoolExecutor(1) as pool:
        said = pool.submit(api.invoke, {"act": "look"}, 20)
        runtime = HTTPConnection("127.0.0.1", api.port)
        runtime.request("GET", f"{INVOCATION}/next")
        given = runtime.getresponse()
        assert json.load(given) == {"act": "look"}
        assert given.headers["Lambda-Runtime-Invoked-Function-Arn"] == ARN
        request = given.headers["Lambda-Runtime-Aws-Request-Id"]
        runtime.request("POST", f"{INVOCATION}/{request}/response", b'{"state": "waiting"}')
        assert runtime.getresponse().status == HTTPStatus.ACCEPTED
        assert said.result() == ("response", {"state": "waiting"})
        runtime.close()
