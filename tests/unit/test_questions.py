"""What somebody at a terminal is shown and asked: a number only before what it chooses."""

from __future__ import annotations

import pytest

from rollout.cli.questions import read_yes_or_no, show_choices, show_lines


def test_a_choice_has_its_number_and_what_is_no_choice_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    show_choices("Can move", [f"/{n}" for n in range(1, 11)])
    show_lines("Can't move", ["/x"])
    assert capsys.readouterr().out.splitlines()[1:3] == ["Can move", "   1  /1"]
    show_lines("Can't move", ["/x"])
    assert capsys.readouterr().out.splitlines()[1:] == ["Can't move", "  /x"]


@pytest.mark.parametrize(("text", "means"), [("yes", True), ("Y", True), ("no", False), ("n", False)])
def test_yes_and_no_are_read(text: str, means: bool) -> None:
    assert read_yes_or_no(text) is means


@pytest.mark.parametrize("text", ["", "1", "all", "yep"])
def test_what_is_neither_yes_nor_no_is_asked_again(text: str) -> None:
    with pytest.raises(ValueError, match="yes or no"):
        read_yes_or_no(text)
