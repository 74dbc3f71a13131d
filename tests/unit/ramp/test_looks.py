"""What a ramp leaves of its looks for this machine's screens."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from rollout.errors import Interrupted
from rollout.fakes.services import InMemoryLooks
from rollout.ramp.guarded import RampGuard
from rollout.ramp.looks import LocalLook, LookFile
from tests.unit.ramp.world import MONDAY, World, inventory

LOOK = LocalLook("ada@laptop", MONDAY, MONDAY + timedelta(minutes=1))


class Watched(World):
    """A ramp whose looks are kept."""

    looks = InMemoryLooks()

    def guard(self) -> RampGuard:
        return RampGuard(by="ada@laptop", now=self.now, looks=self.looks)


def test_a_file_has_the_last_look_until_none_follows(tmp_path: Path) -> None:
    kept, other = LookFile(tmp_path, "production"), LookFile(tmp_path, "staging")
    assert kept.read() is None
    kept.keep(LOOK)
    kept.keep(LocalLook("ada@laptop", MONDAY))
    assert LookFile(tmp_path, "production").read() == LocalLook("ada@laptop", MONDAY)
    assert other.read() is None
    kept.forget()
    kept.forget()
    assert kept.read() is None


def test_what_cannot_be_kept_or_read_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    nowhere, blocked = LookFile(None, "production"), LookFile(tmp_path / "file", "production")
    (tmp_path / "file").write_text("no folder")
    for each in (nowhere, blocked):
        each.keep(LOOK)
        assert each.read() is None
        each.forget()
    kept = LookFile(tmp_path, "production")
    kept.keep(LOOK)
    (file,) = (tmp_path / "looks").iterdir()
    for text in ("", "[]", '{"by": 3}', "x" * 20_000):
        file.write_text(text)
        assert kept.read() is None


@pytest.mark.parametrize("stopped", [False, True])
def test_a_ramp_says_when_it_looks_next_until_it_ends_or_a_person_stops_it(stopped: bool) -> None:
    world, seen = Watched(inventory()), list[LocalLook | None]()
    world.looks = InMemoryLooks()

    def wait(_: World) -> None:
        seen.append(world.looks.last)
        if stopped and len(seen) > 3:
            raise KeyboardInterrupt

    world.on_wait = wait
    if stopped:
        with pytest.raises(Interrupted):
            world.ramp()
    else:
        assert world.ramp().state == "finished"
    assert all(each and each.next_at and each.at < each.next_at <= each.at + timedelta(minutes=1) for each in seen)
    assert world.looks.last is None


def test_one_look_names_no_next_one() -> None:
    world = Watched(inventory())
    world.looks = InMemoryLooks()
    world.ramp(once=True)
    assert world.looks.last
    assert world.looks.last.next_at is None
    assert world.looks.last.sentence(MONDAY).endswith(", once")
