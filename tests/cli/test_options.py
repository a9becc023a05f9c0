"""How logs are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

from bot.cli.options import LogFormat, LogLevel, _configure_logging

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def _faulty(token: str) -> None:
    raise RuntimeError(f"a fault after {len(token)} letters")


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize("form", list(LogFormat))
def test_a_fault_is_logged_with_its_lines_and_without_its_variables(
    form: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    _configure_logging(LogLevel.INFO, form)
    token = "xoxb-feather"
    try:
        _faulty(token)
    except RuntimeError:
        structlog.get_logger("test").exception("a command failed")
    said = capsys.readouterr().err
    assert "a fault after 12 letters" in said
    assert "in _faulty" in said
    assert token not in said
