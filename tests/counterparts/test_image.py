"""The image, the compose file and the workflows, judged by hadolint, check-jsonschema and zizmor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from bot.config import load
from tests.counterparts.tools import absent

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ENVIRON = {"PAPERBOY_STORE": "postgresql://db/paperboy", "PAPERBOY_SECRET": "0123456789abcdef" * 3}
COMPOSE = ROOT / ".docker" / "compose.yaml"


def judged(tool: str, *arguments: str | Path) -> str:
    """What the tool complains of; empty if nothing."""
    program = Path(sys.executable).with_name(tool)
    if not program.exists():
        absent(f"PyPI's {tool}")
    answer = subprocess.run([program, *arguments], capture_output=True, text=True, cwd=ROOT, check=False)
    return "" if answer.returncode == 0 else answer.stdout + answer.stderr


def of_schema(name: str, *files: Path) -> str:
    return judged("check-jsonschema", "--builtin-schema", name, *files)


def test_hadolint_has_no_complaint_of_the_dockerfile() -> None:
    assert judged("hadolint", "Dockerfile") == ""


def test_the_compose_file_has_the_form_of_one() -> None:
    assert of_schema("vendor.compose-spec", COMPOSE) == ""


def test_the_workflows_have_the_form_of_workflows() -> None:
    assert of_schema("vendor.github-workflows", *WORKFLOWS) == ""


def test_zizmor_finds_no_way_to_misuse_the_workflows() -> None:
    assert judged("zizmor", "--offline", "--no-progress", *WORKFLOWS) == ""


def test_the_containers_configuration_is_one_and_answers_the_healthcheck() -> None:
    settings = load(ROOT / ".docker" / "config.example.yaml", ENVIRON)
    assert settings.metrics is not None
    assert settings.web is not None
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    assert set(services["paperboy"]["environment"]) <= set(ENVIRON)


def test_two_workers_share_the_work_with_what_serves_the_pages() -> None:
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    assert load(ROOT / ".docker" / "config.example.yaml", ENVIRON).fleet
    assert services["paperboy"]["command"] == ["run"]
    assert (services["worker"]["command"], services["worker"]["deploy"]["replicas"]) == (["worker"], 2)
    assert services["worker"]["environment"] == services["paperboy"]["environment"]
    assert ".[fleet]" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("stage", ["LICENSE", "README.md", "bot", "pyproject.toml", "templates"])
def test_what_the_image_copies_is_not_ignored(stage: str) -> None:
    copied = " ".join(_lines("COPY", (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()))
    assert stage in copied
    assert f"!{stage}" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def _lines(word: str, lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line.startswith(word)]
