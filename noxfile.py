"""The parts of `./run tests`, and sessions that generate files or measure."""

import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True


def install(session: nox.Session) -> None:
    session.install("--require-hashes", "-r", "requirements/dev.txt")
    folders = [".", *sorted(f"./{each.parent}" for each in Path("packages").glob("*/pyproject.toml"))]
    editable = [argument for folder in folders for argument in ("--editable", folder)]
    session.install("--no-deps", "--no-build-isolation", *editable)


@nox.session
def lint(session: nox.Session) -> None:
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def toml(session: nox.Session) -> None:
    """Check stacks.toml's form and content as editors do, by .taplo.toml."""
    session.install("taplo==0.9.3")
    session.run("taplo", "fmt", "--check")
    session.run("taplo", "lint")


@nox.session
def types(session: nox.Session) -> None:
    install(session)
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    install(session)
    session.run("pytest", "-n", "auto", "--dist", "worksteal", *session.posargs)


@nox.session
def nightly(session: nox.Session) -> None:
    """All tests, including the long scenarios: half an hour more."""
    install(session)
    session.run("pytest", "--nightly", "-n", "auto", "--dist", "worksteal", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel and check what is in it."""
    install(session)
    session.run("python", "-m", "build", "--wheel", "--no-isolation")
    session.run("pytest", "tests/test_package.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure each benchmark, or those named, beside what landed last: -- NAME 90 --write, of 90 routes, kept."""
    install(session)
    options = [each for each in session.posargs if each == "--write" or each.isdigit()]
    names = [each for each in session.posargs if each not in options]
    for name in names or ("help", "status", "rollback", "weight", "phases", "fleet", "memory", "data_plane"):
        session.run("python", f"benchmarks/{name}.py", *options)


@nox.session
def judge(session: nox.Session) -> None:
    """Simulate 2,000 ramps a line, or the given number, and faults, and print the verdicts: docs/judge.md."""
    install(session)
    session.run("python", "benchmarks/judge.py", *session.posargs)


@nox.session
def access_logs(session: nox.Session) -> None:
    """Count the clients of 1,000,000 lines of an access log, or of the given number, beside a bare loop."""
    install(session)
    session.run("python", "benchmarks/access_logs.py", *session.posargs)


@nox.session
def traffic(session: nox.Session) -> None:
    """Send 100,000 requests, or the given number, through phases 1 to 3, weights and a rollback."""
    install(session)
    session.run("python", "benchmarks/traffic.py", *session.posargs)


@nox.session
def shapes(session: nox.Session) -> None:
    """Send 100,000 requests, or the given number, to rules of all shapes: logins, tokens, hosts, containers."""
    install(session)
    session.run("python", "benchmarks/shapes.py", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Kill each phase, and its engine, at each event of the engine, or at each N-th of them: nox -s faults -- N."""
    install(session)
    session.run("python", "-m", "tests.faults.kill_points", *session.posargs)


@nox.session
def race(session: nox.Session) -> None:
    """Roll back during a raise, two processes in a sandbox, fifty times or N times: nox -s race -- N."""
    install(session)
    session.run("python", "-m", "tests.faults.race", *session.posargs)


@nox.session
def rollbacks(session: nox.Session) -> None:
    """Run all actors during rollbacks in memory, in 5,000 or N orders: nox -s rollbacks -- N."""
    install(session)
    runs = session.posargs[0] if session.posargs else "5000"
    session.run("pytest", "tests/unit/rollback/test_state_machine.py", "-q", env={"ROLLBACK_RUNS": runs})


@nox.session
def mutants(session: nox.Session) -> None:
    """Put 500 faults into the pure modules and check that the unit tests find them: -- N seed=WORD NAME."""
    install(session)
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Test with random inventories, commands, live rules and states: nox -s fuzz -- SECONDS."""
    install(session)
    session.run("python", "-m", "tests.fuzz.seek", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Test the dashboard in a headless Chromium; screenshots go to a folder: nox -s browser -- FOLDER."""
    install(session)
    session.install("axe-playwright-python==0.1.8", "playwright==1.65.2")
    session.run("python", "-m", "tests.browser.look", *session.posargs)


@nox.session
def screenshots(session: nox.Session) -> None:
    """Take the pictures of docs/images in a headless Chromium, or all situations at all widths: -- FOLDER."""
    install(session)
    session.install("playwright==1.65.2")
    session.run("python", "-m", "tests.browser.screenshots", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the docs site into build/site; open its index.html without a server."""
    install(session)
    session.install("mkdocs-material==9.8.2")
    session.run("mkdocs", "build", *session.posargs, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def image(session: nox.Session) -> None:
    """Build the controller's image with docker, podman or buildah, and let it look in a sandbox: -- --base IMAGE."""
    install(session)
    session.run("python", "-m", "tests.image.look", *session.posargs)


@nox.session
def schema(session: nox.Session) -> None:
    """Generate the JSON schema of stacks.toml for editors, and the page of the error codes."""
    install(session)
    with Path("docs/stacks.schema.json").open("w") as out:
        session.run("python", "-m", "rollout.inventory.file.schema", stdout=out)
    session.run("python", "-m", "docs.reference")


@nox.session
def guard(session: nox.Session) -> None:
    """Play 1,000 random orders of raises, alarms and firings, and time one end to end: -- ORDERS SEED."""
    install(session)
    session.run("pytest", "-q", "-n", "0", "-rP", "tests/e2e/test_guard.py", "-k", "bad_candidate")
    session.run("python", "-m", "benchmarks.guard", *session.posargs)


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Write requirements/*.txt from pyproject.toml, keeping suitable versions."""
    universal = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-emit-index-url"]
    extras = ["--extra", "sandbox", "--extra", "dashboard"]
    tried = ["--extra", "apprise", "--extra", "otel"]
    sources = {
        "uv": ["--group", "uv"],
        "run": ["pyproject.toml", *extras, "--group", "build"],
        "controller": ["pyproject.toml", "--group", "controller", "-c", "requirements/run.txt"],
        "dev": [
            "pyproject.toml",
            *extras,
            *tried,
            "--group",
            "dev",
            "-c",
            "requirements/run.txt",
            "-c",
            "requirements/uv.txt",
        ],
    }
    for name, wanted in sources.items():
        out = ["--output-file", f"requirements/{name}.txt", "--custom-compile-command", "nox -s lock", "--quiet"]
        command = [sys.executable, "-m", "uv", "pip", "compile", *wanted]
        session.run(*command, *universal, *out, *session.posargs, external=True)
