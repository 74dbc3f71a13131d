"""KMS keys whose material comes out again with the same changes, so that what they encrypted can still be read.

moto draws it from the system, and a sandbox that starts anew would have other keys of the same ids.
"""

from __future__ import annotations

from hashlib import sha256
from types import ModuleType
from typing import Any

from moto.kms import urls
from moto.kms.models import Key, KmsBackend


class SteadyKeys(KmsBackend):
    """moto's KMS with the same keys after each start."""

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def create_key(self, *args: Any, **asked: Any) -> Key:
        """CreateKey."""
        key = super().create_key(*args, **asked)
        key.key_material = sha256(key.id.encode()).digest()
        return key
