"""What happens where a counterpart is missing."""

from __future__ import annotations

import pytest

from tests.counterparts import tools

pytestmark = pytest.mark.counterparts


@pytest.mark.parametrize(("ci", "asked"), [("", ""), ("true", ""), ("", "1")])
def test_what_is_missing_skips_its_tests_and_says_what_would_install_it(
    monkeypatch: pytest.MonkeyPatch, ci: str, asked: str
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PAPERBOY_COUNTERPARTS", asked)
    with pytest.raises(pytest.skip.Exception, match=r"no-such-program is missing: tests/counterparts/setup\.sh"):
        tools.program("no-such-program")


def test_in_ci_what_was_asked_for_and_is_missing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PAPERBOY_COUNTERPARTS", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        tools.program("no-such-program")
