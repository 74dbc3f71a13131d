"""Archives and assets, as the engine sends them, made into the zip file that Lambda takes, or the bytes that S3 does.

The same content always gives the same bytes, so that AWS's hash of the code tells whether it changed.
https://www.pulumi.com/docs/iac/concepts/assets-archives/
"""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from rollout_sandbox.provider.aws import AwsFailure
from rollout_sandbox.provider.schema import Props

MARK = "4dabf18193072939515e22adb298388d"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
ASSET = "c44067f5952c0a294b673a41bacd8c17"

_BOOKKEEPING = ".pulumi"
_BOOTSTRAP = "bootstrap"  # what a custom runtime starts
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip file can hold
_UNIX = 3


@dataclass(frozen=True, slots=True)
class _File:
    """A file in an archive."""

    name: str
    content: bytes
    executable: bool = False


def zip_bytes(archive: Props, roots: Collection[Path]) -> bytes:
    """An archive as a zip file; one that is a zip file already is taken as it is.

    Args:
        archive: As the engine sends it.
        roots: Folders and files that may be read.

    Raises:
        AwsFailure: It can't be read, or may not be, or is a remote one, which a sandbox doesn't fetch.
    """
    try:
        path = _allowed(archive["path"], roots) if archive.get("path") else None
        return path.read_bytes() if path and zipfile.is_zipfile(path) else _zip(_files(archive, "", roots))
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise AwsFailure(f"reading archive: {error}") from error


def bytes_of(item: Props, roots: Collection[Path]) -> bytes:
    """An asset's content, or an archive as a zip file.

    Raises:
        AwsFailure: As `zip_bytes`.
    """
    if item.get(MARK) == ARCHIVE:
        return zip_bytes(item, roots)
    try:
        return next(_files(item, "", roots)).content
    except OSError as error:
        raise AwsFailure(f"reading asset: {error}") from error


def same_archive(old: Props, new: Props) -> bool:
    """Whether two archives hold the same, by the engine's hash of them."""
    return bool(old.get("hash")) and old.get("hash") == new.get("hash")


def _zip(files: Iterator[_File]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for file in sorted(files, key=lambda file: file.name):
            entry = zipfile.ZipInfo(file.name, _LONG_AGO)
            entry.create_system = _UNIX
            entry.external_attr = (0o100755 if file.executable or file.name == _BOOTSTRAP else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, file.content)
    return buffer.getvalue()


def _allowed(path: str, roots: Collection[Path]) -> Path:
    found = Path(path).resolve()
    if not any(found.is_relative_to(root) for root in roots):
        raise AwsFailure(f"reading {path}: the sandbox reads nothing outside of the checkout of stacks.toml")
    return found


def _files(item: Props, name: str, roots: Collection[Path]) -> Iterator[_File]:
    """The files of an archive or asset that has this name in the archive around it."""
    if item.get("uri"):
        raise AwsFailure(f"reading {item['uri']}: the sandbox fetches nothing from elsewhere")
    if item.get("path"):
        path = _allowed(item["path"], roots)
        yield from _of_archive(path, name) if item.get(MARK) == ARCHIVE else [_file(path, name)]
    elif item.get(MARK) == ARCHIVE:
        for below, inner in (item.get("assets") or {}).items():
            yield from _files(inner, _joined(name, below), roots)
    else:
        yield _File(name, item.get("text", "").encode())


def _of_archive(path: Path, name: str) -> Iterator[_File]:
    if path.is_dir():
        for file in path.rglob("*"):
            within = file.relative_to(path)
            if file.is_file() and _BOOKKEEPING not in within.parts:
                yield _file(file, _joined(name, within.as_posix()))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            for entry in packed.infolist():
                if not entry.is_dir():
                    executable = bool(entry.external_attr >> 16 & stat.S_IXUSR)
                    yield _File(_joined(name, entry.filename), packed.read(entry), executable)
    else:
        with tarfile.open(path) as packed_tar:
            for member in packed_tar:
                content = packed_tar.extractfile(member)
                if content is not None:
                    yield _File(_joined(name, member.name), content.read(), bool(member.mode & stat.S_IXUSR))


def _file(path: Path, name: str) -> _File:
    return _File(name, path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR))


def _joined(above: str, name: str) -> str:
    return f"{above.rstrip('/')}/{name.removeprefix('./')}" if above else name.removeprefix("./")
