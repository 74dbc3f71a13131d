"""Groups of differences with whole pairs of answers."""

from __future__ import annotations

from dataclasses import dataclass

from rollout.parity.pairs import AnswerPair
from rollout.parity.verdict import Difference


@dataclass(frozen=True, slots=True)
class ExplainedGroup:
    """A group of differences.

    Attributes:
        group: What it is called, such as `stamp-score:1`: a route's first one.
        route: Whose answers differ.
        difference: Where and how.
        pairs: Some of the answers.
    """

    group: str
    route: str
    difference: Difference
    pairs: tuple[AnswerPair, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Groups of an environment."""

    environment: str
    groups: tuple[ExplainedGroup, ...]
