"""Have a `.venv` with the packages of a lock and this project in it: `install.py run`, or `dev` for the tests.

`./run` calls this with any Python 3.11, before anything is installed, so it needs the standard library alone. uv
installs: the one on PATH, else the one of requirements/uv.txt, held to its hash. Where there is none for this machine,
or it reaches no packages, pip does, some minutes slower. Both get packages from where the user's pip settings say, and
neither compiles them: what is imported is compiled then, once.
"""

from __future__ import annotations

import ast
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PINNED = ("--require-hashes", "-r")
YES = ("1", "true", "yes", "on")
EDITABLE = ("--quiet", "--no-deps", "--no-build-isolation")
PACKAGES = ("./packages/rollout-datadog", "./packages/rollout-prometheus")
"""What is installed beside this project for its tests."""

UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
"""pip's settings, and the variable that tells uv the same."""

OLD_NAMES = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}


class Failed(Exception):
    """The packages aren't installed; the tool that failed has said why."""


@dataclass(frozen=True)
class Checkout:
    """A clone, and the virtual environment in it.

    Attributes:
        root: Its folder.
        lock: The open file whose lock whoever installs holds; child processes hold it too.
    """

    root: Path
    lock: int

    @property
    def venv(self) -> Path:
        """The environment's folder, whether there yet or not."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """Its Python, whether there yet or not."""
        return self.venv / "bin" / "python"

    def made_from(self) -> str:
        """What an installation is made from: while nothing of it changes, there is nothing to do."""
        files = ("pyproject.toml", "requirements/run.txt", "requirements/dev.txt")
        packages = sorted(self.root.glob("packages/*/pyproject.toml"))
        return "".join([f"{self.root}\n", *((self.root / file).read_text() for file in (*files, *packages))])

    def is_ready(self, name: str) -> bool:
        """Whether all of a lock is installed."""
        stamp = self.venv / f"{name}.stamp"
        return self.python.exists() and stamp.exists() and stamp.read_text() == self.made_from()

    def stamp(self, name: str) -> None:
        """Note that all of a lock is installed."""
        for each in ("run", name):  # dev.txt holds all that run.txt does
            (self.venv / f"{each}.stamp").write_text(self.made_from())

    def try_run(self, *command: str | Path, environ: Mapping[str, str] = os.environ, quiet: bool = False) -> bool:
        """Whether a command could be run and ended well."""
        output = subprocess.DEVNULL if quiet else None
        try:
            done = subprocess.run(
                command, cwd=self.root, env=environ, stdout=output, stderr=output, check=False, pass_fds=[self.lock]
            )
        except OSError:
            return False
        return done.returncode == 0


def install(checkout: Checkout, name: str, base: Path) -> None:
    """Make the virtual environment with a Python, or complete it.

    Raises:
        Failed: By uv and by pip.
    """
    if not checkout.is_ready("run"):
        shutil.rmtree(checkout.venv, ignore_errors=True)  # what was cut off may hold half a package
    for stamp in checkout.venv.glob("*.stamp"):
        stamp.unlink()
    if not (by_uv(checkout, name, base) or by_pip(checkout, name, base)):
        raise Failed
    checkout.stamp(name)


def by_uv(checkout: Checkout, name: str, base: Path) -> bool:
    """Whether uv has installed a lock and this project."""
    uv: Path | str | None = shutil.which("uv")
    if not uv or not checkout.try_run(uv, "--version", quiet=True):
        uv = pinned_uv(checkout, base)
    if not uv or not (
        checkout.venv.exists() or checkout.try_run(uv, "venv", "--quiet", "--python", base, checkout.venv)
    ):
        return False
    settings = pip_settings(checkout, base)
    environ = os.environ | uv_settings(settings, os.environ)
    sources = ["--no-index"] if settings.get("no-index", "") in YES else []
    say(f"Installing requirements/{name}.txt with uv, each package checked by its hash")
    command = (uv, "pip", "install", "--python", checkout.python)
    packages = (*command, *sources, *PINNED, f"requirements/{name}.txt")
    return checkout.try_run(*packages, environ=environ) and checkout.try_run(*command, *ours(name), environ=environ)


def pinned_uv(checkout: Checkout, base: Path) -> Path | None:
    """The locked uv, in the virtual environment; None where there is none for this machine."""
    uv = checkout.venv / "bin" / "uv"
    if not uv.exists():
        make_venv_with_pip(checkout, base)
        pip = (checkout.python, "-m", "pip", "install", "--quiet", "--no-compile", "--retries", "1")
        checkout.try_run(*pip, "--only-binary", ":all:", *PINNED, "requirements/uv.txt", quiet=True)
    return uv if uv.exists() else None


def by_pip(checkout: Checkout, name: str, base: Path) -> bool:
    """Whether pip has."""
    make_venv_with_pip(checkout, base)
    say(f"Installing requirements/{name}.txt with pip, each package checked by its hash: some minutes")
    command = (checkout.python, "-m", "pip", "install", "--no-compile", "--progress-bar", "off")
    return checkout.try_run(*command, *PINNED, f"requirements/{name}.txt") and checkout.try_run(*command, *ours(name))


def ours(name: str) -> tuple[str, ...]:
    """The arguments that install this project with a lock, so that a change of a file is a change of what runs."""
    folders = (".", *(PACKAGES if name == "dev" else ()))
    return (*EDITABLE, *(argument for folder in folders for argument in ("--editable", folder)))


def make_venv_with_pip(checkout: Checkout, base: Path) -> None:
    """Make the environment by Python's own means, unless it has pip already."""
    if checkout.try_run(checkout.python, "-m", "pip", "--version", quiet=True):
        return
    shutil.rmtree(checkout.venv, ignore_errors=True)
    if not checkout.try_run(base, "-m", "venv", checkout.venv, quiet=True):
        shutil.rmtree(checkout.venv, ignore_errors=True)
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        say(f"{base} can't make a virtual environment.", f"On Debian and Ubuntu: apt install {package}")
        raise Failed


def pip_settings(checkout: Checkout, base: Path) -> dict[str, str]:
    """What pip's files and variables say: a variable comes before the section `install`, and that before `global`."""
    settings: dict[str, str] = {}
    python = checkout.python if (checkout.venv / "bin" / "pip").exists() else base
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False).stdout
    for section in ("global.", "install."):
        for line in listed.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(section):
                settings[key.removeprefix(section)] = str(ast.literal_eval(value))
    variables = {name.removeprefix("PIP_"): value for name, value in os.environ.items() if name.startswith("PIP_")}
    return settings | {name.lower().replace("_", "-"): value for name, value in variables.items()}


def uv_settings(pip: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that have uv do as pip's settings say, but for those that the user has set."""
    found = {UV_NAMES[key]: " ".join(value.split()) for key, value in pip.items() if key in UV_NAMES}
    if "UV_INDEX" in found:
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # as pip has it; each package is held to its hash
    links = [link for link in found.pop("UV_FIND_LINKS", "").split() if "://" in link or Path(link).exists()]
    if links:  # pip passes over those that aren't there
        found["UV_FIND_LINKS"] = ",".join(links)
    return {name: value for name, value in found.items() if not {name, OLD_NAMES.get(name)} & set(environ)}


@contextmanager
def alone(root: Path) -> Iterator[Checkout]:
    """One at a time in a checkout. The lock goes with the last process that holds it, however that ends."""
    with (root / "run").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another ./run is setting up; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield Checkout(root, file.fileno())


def say(*lines: str) -> None:
    """Tell the user, where it isn't taken for a result."""
    print(*lines, sep="\n", file=sys.stderr, flush=True)


def main(name: str) -> None:
    """Install a lock if it isn't."""
    root = Path(__file__).resolve().parents[1]
    if Checkout(root, -1).is_ready(name):
        return
    base = Path(getattr(sys, "_base_executable", sys.executable))  # of a .venv that may be made anew
    with alone(root) as checkout:
        if checkout.is_ready(name):
            return
        install(checkout, name, base)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Failed:
        say(
            "The packages aren't installed; what is above says why. The same command goes on from here.",
            "Is there a package index of your own? PIP_INDEX_URL or pip.conf names it.",
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
