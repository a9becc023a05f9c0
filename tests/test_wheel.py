"""What is installed is whole: the wheel alone, outside the repository, runs the demo."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_templates_and_nothing_beside_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    ours = {str(path.relative_to(ROOT)) for path in (ROOT / "templates").rglob("*.j2")}
    assert ours <= {name.removeprefix("bot/") for name in names}
    assert {name.split("/")[0] for name in names} == {"bot", f"paperboy_digest-{_version()}.dist-info"}
    assert wheel.name.startswith("paperboy_digest-")


def test_the_installed_wheel_runs_the_demo_outside_the_repository(wheel: Path, tmp_path: Path) -> None:
    installed, outside = tmp_path / "site", tmp_path / "outside"
    outside.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    environ = {**os.environ, "PYTHONPATH": str(installed)}
    where = [sys.executable, "-c", "import bot; print(bot.__file__)"]
    found = subprocess.run(where, cwd=outside, env=environ, check=True, capture_output=True, text=True)
    assert found.stdout.startswith(str(installed))
    demo = [sys.executable, "-m", "bot", "demo"]
    done = subprocess.run(demo, cwd=outside, env=environ, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (outside / "demo-output" / "index.html").exists()


def _version() -> str:
    from bot import __version__  # noqa: PLC0415 - one use

    return __version__
