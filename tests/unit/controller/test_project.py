"""The project's archive: what of it is used, and what never is."""

from __future__ import annotations

import stat
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from rollout.controller.project import Fetch, unpacked
from rollout.errors import ConfigError
from rollout.inventory.controller import LARGEST

URL = "s3://state/rollout/controller/production/0.zip"


def zipped(*entries: tuple[ZipInfo | str, bytes]) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as into:
        for name, content in entries:
            into.writestr(name, content)
    return buffer.getvalue()


def entry(name: str, mode: int = 0) -> ZipInfo:
    found = ZipInfo("placeholder")
    found.filename, found.external_attr = name, mode << 16
    return found


def serving(content: bytes) -> Fetch:
    return lambda _bucket, _key, _most: content


def tried(content: bytes, into: Path) -> Path:
    return unpacked(URL, sha256(content).hexdigest(), into, serving(content))


def test_it_is_unpacked_with_its_folders(tmp_path: Path) -> None:
    stacks = tried(zipped(("stacks.toml", b"x"), ("programs/deep/rules.py", b"y")), tmp_path / "new")
    assert stacks.read_bytes() == b"x"
    assert (stacks.parent / "programs/deep/rules.py").read_bytes() == b"y"


def test_it_is_asked_for_by_its_address_and_once(tmp_path: Path) -> None:
    content, asked = zipped(("stacks.toml", b"x")), list[tuple[str, str]]()

    def fetch(bucket: str, key: str, most: int) -> bytes:
        asked.append((bucket, key))
        assert most >= LARGEST
        return content

    for _ in range(2):
        unpacked(URL, sha256(content).hexdigest(), tmp_path, fetch)
    assert asked == [("state", "rollout/controller/production/0.zip")]


def test_another_archive_than_the_installed_one_is_not_looked_at(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        unpacked(URL, sha256(b"another").hexdigest(), tmp_path, serving(zipped(("stacks.toml", b"x"))))
    assert caught.value.code == "project-unfit"
    assert list(tmp_path.iterdir()) == []


BAD: dict[str, Callable[[], bytes]] = {
    "no zip": lambda: b"PK no zip",
    "an absolute path": lambda: zipped((entry("/tmp/x"), b"")),  # noqa: S108 - which is never written
    "a path to above": lambda: zipped((entry("../x"), b"")),
    "a path to above below": lambda: zipped((entry("a/../../x"), b"")),
    "a path with a dot": lambda: zipped((entry("a/./x"), b"")),
    "a Windows path": lambda: zipped((entry("..\\x"), b"")),
    "a drive": lambda: zipped((entry("C:x"), b"")),
    "no name": lambda: zipped((entry(""), b"")),
    "a folder": lambda: zipped((entry("a/"), b"")),
    "a link": lambda: zipped((entry("stacks.toml", stat.S_IFLNK | 0o777), b"/etc/passwd")),
    "a device": lambda: zipped((entry("x", stat.S_IFCHR | 0o666), b"")),
    "too much, compressed": lambda: zipped(("stacks.toml", bytes(LARGEST + 1))),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_what_is_no_plain_file_below_is_refused_and_nothing_is_left_of_it(
    make: Callable[[], bytes], tmp_path: Path
) -> None:
    into = tmp_path / "into"
    with pytest.raises(ConfigError) as caught:
        tried(make(), into)
    assert caught.value.code == "project-unfit"
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_a_file_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = zipped(("stacks.toml", b"x"), ("stacks.toml", b"y"))
    with pytest.raises(ConfigError):
        tried(content, tmp_path)
