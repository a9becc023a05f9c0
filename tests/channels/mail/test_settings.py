from __future__ import annotations

import pytest

from bot.channels.mail.settings import check_host


@pytest.mark.parametrize("written", ["localhost", "smtp.example.org", "127.0.0.1", "::1", "fe80::1"])
def test_a_host_is_a_name_or_an_address(written: str) -> None:
    assert check_host(written) == written


@pytest.mark.parametrize("written", ["smtp.example.org:587", "smtp://smtp.example.org", "example.org/", "[::1]:25"])
def test_a_host_is_neither_a_url_nor_with_a_port(written: str) -> None:
    with pytest.raises(ValueError, match="a host's name alone is expected"):
        check_host(written)
