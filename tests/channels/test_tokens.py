from __future__ import annotations

import pytest

from bot.channels.tokens import check_token
from bot.settings import Secret


@pytest.mark.parametrize("written", ["xoxb-1 2", "xoxb\n1", "xoxb\u00a01"])
def test_a_token_has_no_white_space_and_is_not_shown(written: str) -> None:
    assert check_token(Secret("xoxb-1")) == Secret("xoxb-1")
    with pytest.raises(ValueError, match="a token has no white space in it") as caught:
        check_token(Secret(written))
    assert "xoxb" not in str(caught.value)


@pytest.mark.parametrize("written", ['"xoxb-1"', "'xoxb-1'", "“xoxb-1”", "<xoxb-1>", '"xoxb-1" '])
def test_quotes_around_a_token_are_no_part_of_it(written: str) -> None:
    with pytest.raises(ValueError, match="a token has no quotes around it") as caught:
        check_token(Secret(written))
    assert "xoxb" not in str(caught.value)


def test_a_webhook_is_no_token() -> None:
    with pytest.raises(ValueError, match=r"a token is no URL") as caught:
        check_token(Secret("https://hooks.example.org/T/hunter2"))
    assert "hunter2" not in str(caught.value)
