"""The official release is taken only as it was published, and nothing of it lands elsewhere; a server here has it."""

from __future__ import annotations

import hashlib
import io
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rollout.adapters.pulumi.install.job import Job, SourceFailed
from rollout.adapters.pulumi.install.release import ARCHIVE, DIGESTS, EngineRelease, install_release
from tests.loopback import Answer, Asked, answering

SYSTEM = "linux-x64"
NAME = ARCHIVE.format(system=SYSTEM)
OTHER = "0" * 64


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address where it is served."""
    folder = tmp_path / "site"
    folder.mkdir()

    def answer(asked: Asked) -> Answer:
        file = folder / asked.path.removeprefix("/")
        return (200, {}, file.read_bytes()) if file.is_file() else (404, {}, b"")

    with answering(answer) as url:
        yield folder, f"{url}/"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("root", "scratch"):
        (tmp_path / name).mkdir()
    return Job(tmp_path / "root", tmp_path / "scratch", tmp_path / "log", lambda _: None)


Release_ = Callable[..., EngineRelease]


@pytest.fixture
def published(site: tuple[Path, str]) -> Release_:
    """Publishes an archive of members, and gives the release."""
    folder, address = site

    def publish(*members: tarfile.TarInfo | str, pinned: str | None = None, listed: str | None = None) -> EngineRelease:
        with tarfile.open(folder / NAME, "w:gz") as archive:
            for member in members:
                found = tarfile.TarInfo(member) if isinstance(member, str) else member
                content = found.name.encode() if found.isreg() else b""
                found.size = len(content)
                archive.addfile(found, io.BytesIO(content))
        digest = hashlib.sha256((folder / NAME).read_bytes()).hexdigest()
        (folder / "checksums.txt").write_text(f"{OTHER}  other.tar.gz\n{listed or digest}  {NAME}\n")
        digests = {} if pinned is None else {SYSTEM: pinned or digest}
        return EngineRelease(address, f"{address}checksums.txt", digests, SYSTEM)

    return publish


def of_type(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize("pinned", ["", None], ids=["pinned", "by the release's checksums"])
def test_its_programs_are_unpacked(job: Job, published: Release_, pinned: str | None) -> None:
    install_release(job, published("pulumi/pulumi", "pulumi/pulumi-language-python", pinned=pinned))
    found = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (job.root / "bin").iterdir()}
    assert found == {"pulumi": 0o755, "pulumi-language-python": 0o755}


@pytest.mark.parametrize("wrong", [{"pinned": OTHER}, {"listed": OTHER}, {"listed": "not a digest"}])
def test_another_archive_than_was_published_is_not_unpacked(
    job: Job, published: Release_, wrong: dict[str, str]
) -> None:
    with pytest.raises(SourceFailed):
        install_release(job, published("pulumi/pulumi", **wrong))
    assert list(job.root.iterdir()) == []


@pytest.mark.parametrize(
    "member",
    [
        "../pulumi",
        "/tmp/pulumi",  # noqa: S108 - it is refused
        "pulumi/../../pulumi",
        "pulumi/deeper/pulumi",
        "other/pulumi",
        of_type("pulumi/link", tarfile.SYMTYPE, "/etc/passwd"),
        of_type("pulumi/hard", tarfile.LNKTYPE, "pulumi/pulumi"),
        of_type("pulumi/pipe", tarfile.FIFOTYPE),
        of_type("pulumi/zero", tarfile.CHRTYPE),
    ],
    ids=lambda each: each if isinstance(each, str) else each.name,
)
def test_nothing_but_programs_is_unpacked(
    job: Job, published: Release_, tmp_path: Path, member: tarfile.TarInfo | str
) -> None:
    install_release(job, published("pulumi/pulumi", member, pinned=""))
    assert [each.name for each in job.root.rglob("*")] == ["bin", "pulumi"]
    assert not (tmp_path / "pulumi").exists()


def test_a_system_without_a_release_is_told(job: Job) -> None:
    with pytest.raises(SourceFailed, match="no release"):
        install_release(job, EngineRelease("", "", {}, None))


def test_a_place_that_does_not_answer_is_told(job: Job, published: Release_) -> None:
    found = published("pulumi/pulumi", pinned="")
    with pytest.raises(SourceFailed, match="can't be downloaded"):
        install_release(job, EngineRelease(f"{found.archives}gone/", found.checksums, found.digests, SYSTEM))


def test_each_system_that_is_built_for_is_pinned() -> None:
    assert set(DIGESTS) == {f"{system}-{machine}" for system in ("linux", "darwin") for machine in ("x64", "arm64")}
    assert all(len(bytes.fromhex(digest)) == 32 for digest in DIGESTS.values())
