"""Archives and assets, as the engine sends them, made into the zip file that Lambda takes.

https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/archive/archive.go
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from rollout.sandbox.provider.aws import AwsFailure
from rollout.sandbox.provider.schema import Props

MARK = "4dabf18193072939515e22adb298388d"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
ASSET = "c44067f5952c0a294b673a41bacd8c17"

_EPOCH = (1980, 1, 1, 0, 0, 0)


def zip_bytes(archive: Props) -> bytes:
    """An archive as a zip file, the same bytes for the same content.

    Raises:
        AwsFailure: It can't be read, or is a remote one, which a sandbox doesn't fetch.
    """
    path = archive.get("path")
    if path and Path(path).is_file() and zipfile.is_zipfile(path):
        return Path(path).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content, executable in sorted(_members(archive)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = (0o100755 if executable or name == "bootstrap" else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, content)
    return buffer.getvalue()


def same_archive(old: Props, new: Props) -> bool:
    """Whether two archives hold the same, by the engine's hash of them."""
    return bool(old.get("hash")) and old.get("hash") == new.get("hash")


def _members(archive: Props) -> Iterator[tuple[str, bytes, bool]]:
    """Name, content and whether it is executable, of each file."""
    if archive.get("uri"):
        raise AwsFailure(f"reading archive ({archive['uri']}): the sandbox fetches nothing from elsewhere")
    if path := archive.get("path"):
        yield from _of_path(Path(path))
    for name, part in (archive.get("assets") or {}).items():
        if part.get(MARK) == ARCHIVE:
            yield from ((f"{name}/{inner}", content, executable) for inner, content, executable in _members(part))
        elif part.get("text"):
            yield name, str(part["text"]).encode(), False
        elif part.get("path"):
            file = Path(part["path"])
            yield name, _read(file), _is_executable(file)
        elif part.get("uri"):
            raise AwsFailure(f"reading asset ({part['uri']}): the sandbox fetches nothing from elsewhere")
        else:
            yield name, b"", False


def _of_path(path: Path) -> Iterator[tuple[str, bytes, bool]]:
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file():
                yield file.relative_to(path).as_posix(), file.read_bytes(), _is_executable(file)
    elif path.is_file() and tarfile.is_tarfile(path):
        with tarfile.open(path) as packed:
            for member in packed.getmembers():
                content = packed.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield member.name.removeprefix("./"), content.read(), bool(member.mode & 0o111)
    else:
        raise AwsFailure(f"reading ZIP file ({path}): open {path}: no such file or directory")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise AwsFailure(f"reading asset ({file}): {error.strerror}") from error


def _is_executable(file: Path) -> bool:
    return bool(file.stat().st_mode & 0o111)
