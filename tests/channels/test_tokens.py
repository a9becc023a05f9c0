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
