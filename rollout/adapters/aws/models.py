"""botocore's models of AWS's services, found and read faster than botocore does."""

from __future__ import annotations

import gzip
import json
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader


class _Files(JSONFileLoader):
    """Reads models into dictionaries, which keep the order as botocore's slower OrderedDict does."""

    def load_file(self, file_path: str) -> Any:
        for suffix, opened in ((".json", open), (".json.gz", gzip.open)):
            with suppress(FileNotFoundError), opened(file_path + suffix, "rb") as file:
                return json.load(file)
        return None


class _Models(Loader):
    """Finds a service by its folder; botocore would look into each of its 400 services first."""

    FILE_LOADER_CLASS = _Files

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's
        return sorted(
            {found.name for path in map(Path, self.search_paths) if path.is_dir() for found in path.iterdir()}
        )


@cache
def models(path: str | None) -> Loader:
    """The service models of botocore, read once per process instead of once per session."""
    folders = path.split(os.pathsep) if path else []
    return _Models([str(Path(os.path.expandvars(folder)).expanduser()) for folder in folders])
