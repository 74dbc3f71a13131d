"""The project's files, as the controller was installed with them: fetched, verified, unpacked.

The archive is in a bucket that others may write to, so nothing of it is looked at before its digest fits the function's
variable, and nothing is written but plain files below one folder.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from zipfile import BadZipFile, ZipFile, ZipInfo

from rollout.adapters.aws.session import Access, explained
from rollout.errors import ConfigError
from rollout.inventory.controller import LARGEST, STACKS_FILE

MOST = 10_000
"""Files."""
_HEADERS = 2**20
"""What a zip may add to its files."""
Fetch = Callable[[str, str, int], bytes]


def unpacked(url: str, digest: str, into: Path, fetch: Fetch) -> Path:
    """The project's stacks.toml, with its other files beside it; fetched once a folder.

    Args:
        url: Of the archive: `s3://bucket/key`.
        digest: Its SHA-256, in hexadecimal.
        into: A folder to unpack into.
        fetch: Returns an object's content, given its bucket, its key and the most bytes that it may have.

    Raises:
        ConfigError: It is another archive, or one that no controller was installed with.
        AwsError: It can't be fetched.
    """
    folder = into / digest
    if not folder.is_dir():
        place = urlsplit(url)
        content = fetch(place.netloc, place.path.lstrip("/"), LARGEST + _HEADERS)
        if sha256(content).hexdigest() != digest:
            raise _unfit("it has another digest than the controller was installed with", url)
        into.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=into) as scratch:
            new = Path(scratch) / "project"
            try:
                with ZipFile(BytesIO(content)) as archive:
                    _unpack(archive, new, url)
            except (BadZipFile, FileExistsError, NotADirectoryError) as error:
                raise _unfit(f"it can't be unpacked: {error}", url) from None
            new.replace(folder)  # all of it or nothing
    return folder / STACKS_FILE


def from_s3(region: str) -> Fetch:
    """Fetches objects with the function's own credentials.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """

    def fetch(bucket: str, key: str, most: int) -> bytes:
        def content() -> bytes:
            found = Access(region).client("s3").get_object(Bucket=bucket, Key=key)
            if found["ContentLength"] > most:
                raise _unfit(f"it has {found['ContentLength']:,} bytes", f"s3://{bucket}/{key}")
            body: bytes = found["Body"].read()
            return body

        return explained(content, f"s3://{bucket}/{key}")

    return fetch


def _unpack(archive: ZipFile, folder: Path, url: str) -> None:
    entries = archive.infolist()
    if len(entries) > MOST or sum(entry.file_size for entry in entries) > LARGEST:
        raise _unfit("it has too many files, or too large ones", url)
    for entry in entries:
        if not _is_plain(entry):
            raise _unfit(f"{entry.filename!r} is no plain file below the project's folder", url)
    for entry in entries:
        file = folder / entry.filename
        file.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, file.open("xb") as target:
            target.write(source.read(entry.file_size))


def _is_plain(entry: ZipInfo) -> bool:
    """Whether it is a file below the folder, and no link, device or folder."""
    name, kind = entry.filename, stat.S_IFMT(entry.external_attr >> 16)
    path = PurePosixPath(name)
    is_below = not path.is_absolute() and ".." not in path.parts and str(path) == name and path.parts != ()
    return is_below and not set(name) & set("\\:\0") and kind in (0, stat.S_IFREG)


def _unfit(why: str, url: str) -> ConfigError:
    hint = "run `rollout controller install` again"
    return ConfigError(f"the project's archive isn't used: {why}", (), where=url, hint=hint, code="project-unfit")
