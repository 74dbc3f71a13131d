"""Transforms: what a target sees in the place of what the client asked.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
What no pattern fits stays as it is; a rewrite that fits and fails is a 500.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from multidict import CIMultiDict, CIMultiDictProxy

from rollout.inventory.expressions import compiled
from rollout_sandbox.data_plane.matching import Request

_REFERENCE = re.compile(r"\$(\d)")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")
_URL = re.compile(r"/[!-~]*")


class Failed(Exception):
    """A pattern fits, and what comes of it is no host or URL."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The part of a request that a pattern fits, put in other words."""

    of_host: bool
    pattern: re.Pattern[str]
    by: str

    def of(self, request: Request) -> Request:
        """The request as its target sees it.

        Raises:
            Failed: It can't be rewritten.
        """
        if self.of_host:
            headers = CIMultiDict(request.headers)
            headers["Host"] = self._rewritten(headers.get("Host", ""), _HOST)
            return replace(request, headers=CIMultiDictProxy(headers))
        whole = f"{request.path}?{request.query}" if request.query else request.path
        path, _, query = self._rewritten(whole, _URL).partition("?")
        return replace(request, path=path, query=query)

    def _rewritten(self, text: str, sound: re.Pattern[str]) -> str:
        found = self.pattern.search(text)
        if found is None:
            return text
        try:
            by = _REFERENCE.sub(lambda reference: found[int(reference[1])] or "", self.by)
        except IndexError:
            raise Failed from None
        rewritten = text[: found.start()] + by + text[found.end() :]
        if not sound.fullmatch(rewritten):
            raise Failed
        return rewritten


def rewrites_of(transforms: Sequence[Mapping[str, Any]]) -> tuple[Rewrite, ...]:
    """A rule's transforms."""
    found = []
    for transform in transforms:
        of_host = transform["Type"] == "host-header-rewrite"
        (rewrite,) = transform["HostHeaderRewriteConfig" if of_host else "UrlRewriteConfig"]["Rewrites"]
        found.append(Rewrite(of_host, compiled(rewrite["Regex"]), rewrite["Replace"]))
    return tuple(found)
