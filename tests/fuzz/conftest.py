"""How many examples there are, and how much memory and processor time they may take."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

EXAMPLES = int(os.environ.get("ROLLOUT_FUZZ_EXAMPLES", "40"))
MEMORY = 2 * 2**30
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example)

settings.register_profile(
    "fuzz",
    max_examples=EXAMPLES,
    deadline=None,  # each example's own processor time is limited instead: a machine may be busy
    derandomize=EXAMPLES <= 100,  # the quick run is the same each time; `nox -s fuzz` seeks
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=(*SLOW, HealthCheck.function_scoped_fixture),
    print_blob=True,
)


@pytest.fixture(autouse=True)
def _bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody's settings, nowhere to reach, and an end to memory."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ROLLOUT_", "PULUMI_"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_in_use() + MEMORY, hard))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _in_use() -> int:
    """How many bytes of data, stacks of threads too, this process has mapped already, where the system says."""
    status = Path("/proc/self/status")
    lines = status.read_text("utf-8").splitlines() if status.exists() else []
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
