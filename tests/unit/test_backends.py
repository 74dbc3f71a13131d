"""How the engine is given a backend."""

from __future__ import annotations

import pytest

from rollout.adapters.pulumi.states import without_sidecars


@pytest.mark.parametrize(
    ("backend", "given"),
    [
        ("file:///var/state", "file:///var/state?metadata=skip"),
        ("file:///a%20b?no_tmp_dir=false", "file:///a%20b?no_tmp_dir=false&metadata=skip"),
        ("file:///var/state?metadata=", "file:///var/state?metadata=&metadata=skip"),
        ("file:///var/state?metadata=skip", "file:///var/state?metadata=skip"),
        ("s3://bucket?region=us-west-2", "s3://bucket?region=us-west-2"),
        ("https://api.pulumi.com", "https://api.pulumi.com"),
    ],
)
def test_a_folder_has_no_files_beside_its_states(backend: str, given: str) -> None:
    assert without_sidecars(backend) == given
