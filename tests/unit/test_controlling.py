"""What of a project goes to the controller's function, and what tells one controller from another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from rollout.errors import ConfigError
from rollout.inventory.controller import LARGEST, ProjectArchive
from rollout.inventory.file import load
from rollout.inventory.model import Environment
from rollout.programs.controlling import controller_config, controller_digest, keep, kept_in, project_archive
from tests.unit.test_config_problems import IMAGE, IN_S3, PRODUCTION, SOUND

FILES = {
    "programs/__init__.py": "",
    "programs/routing.py": "import programs.rules",
    "programs/deep/rules.py": "x = 1",
    "programs/deep/rules.sql": "not a module",
    "programs/.venv/other.py": "hidden",
    "programs/__pycache__/routing.py": "hidden",
    "elsewhere/other.py": "no program's",
    "samples/cart.json": "{}",
    "keys/one.json": "1",
    "keys/two.txt": "2",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    controller = f'controller = {{ image = "{IMAGE}", files = ["keys/*.json"] }}\n'
    (tmp_path / "first.toml").write_text(SOUND.replace(PRODUCTION, f"{PRODUCTION}{IN_S3}{controller}"))
    return tmp_path / "first.toml"


def production(file: Path) -> Environment:
    return load(file).environment("production")


def archive(file: Path) -> ProjectArchive:
    environment = production(file)
    assert environment.controller
    return project_archive(environment, file, environment.controller.files)


def unpacked(found: ProjectArchive) -> Mapping[str, str]:
    with ZipFile(BytesIO(found.content)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_it_has_the_inventory_the_programs_the_samples_and_what_is_named(project: Path) -> None:
    names = (
        "programs/__init__.py",
        "programs/routing.py",
        "programs/deep/rules.py",
        "samples/cart.json",
        "keys/one.json",
    )
    expected = {"stacks.toml": project.read_text(), **{name: FILES[name] for name in names}}
    assert unpacked(archive(project)) == expected


def test_the_same_files_are_the_same_archive_whenever_they_were_written(project: Path) -> None:
    first = archive(project)
    (project.parent / "programs/routing.py").touch()
    assert archive(project) == first
    (project.parent / "programs/routing.py").write_text("changed")
    other = archive(project)
    assert (other.sha256 != first.sha256, other.key != first.key) == (True, True)


def test_it_goes_beside_the_state_of_its_environment_and_never_into_it(project: Path) -> None:
    found = archive(project)
    assert found.url == f"s3://state/controller/production/{found.sha256[:16]}.zip"
    text = project.read_text().replace('backend = "s3://state"', 'backend = "s3://state/a/b?region=us-west-2"')
    project.write_text(text)
    assert archive(project).key.startswith("a/b/controller/production/")


def test_a_project_that_is_no_text_is_refused(project: Path) -> None:
    with (project.parent / "keys/big.json").open("wb") as big:
        big.truncate(LARGEST)
    with pytest.raises(ConfigError) as caught:
        archive(project)
    assert [problem.code for problem in caught.value.problems] == ["project-too-large"]


def test_a_file_that_cannot_be_read_is_refused(project: Path) -> None:
    environment = production(project)
    project.unlink()
    with pytest.raises(ConfigError) as caught:
        project_archive(environment, project)
    assert [problem.code for problem in caught.value.problems] == ["file-unreadable"]


def test_its_digest_follows_its_settings_files_and_rights(project: Path) -> None:
    environment = production(project)
    assert environment.controller
    config = controller_config(environment, environment.controller, project, [{"Action": ["a"]}])
    others = (
        replace(config, settings=config.settings.model_copy(update={"memory_size": 4096})),
        replace(config, archive=replace(config.archive, version="0")),
        replace(config, statements=[{"Action": ["b"]}]),
    )
    assert len({controller_digest(each) for each in (config, replace(config), *others)}) == 1 + len(others)


SAME = {
    "a weight": ("weight = 5", "weight = 20"),
    "a route's weight": ("cart = 2.5", "cart = 3"),
    "a comment": ("weight = 5", "# here\nweight = 5"),
    "another environment": ("[environments.production]", "OTHER[environments.production]"),
}
OTHER = {
    "a setting": ("weight = 5", 'weight = 5\ncomplete-after = "1d"'),
    "a webhook": ("weight = 5", 'weight = 5\nnotifications = { team = { webhook = "https://example.com/a" } }'),
    "another webhook": ("weight = 5", 'weight = 5\nnotifications = { team = { webhook = "https://example.com/b" } }'),
}


def test_its_version_is_of_what_a_look_goes_by(project: Path) -> None:
    text, first = project.read_text(), archive(project)
    table = (
        text[text.index("[environments.production]") :]
        .replace("production", "other")
        .replace("222222222222", "333333333333")
    )

    def version(old: str, new: str) -> str:
        assert old in text
        project.write_text(text.replace(old, new.replace("OTHER", table), 1))
        found = archive(project)
        assert found.sha256 != first.sha256
        return found.version

    assert {version(*each) for each in SAME.values()} == {first.version}
    assert len({first.version, *(version(*each) for each in OTHER.values())}) == 1 + len(OTHER)
    project.write_text(text)
    (project.parent / "programs/routing.py").write_text("changed")
    assert archive(project).version != first.version


def test_the_engine_reads_it_from_a_file_of_its_digest(project: Path) -> None:
    found = archive(project)
    for _ in range(2):
        keep(project.parent, found)
        assert kept_in(project.parent, found).read_bytes() == found.content
