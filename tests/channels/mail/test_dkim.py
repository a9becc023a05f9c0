"""What a relay's DKIM signature has to cover for one-click unsubscribing, shown with a signer written by others.

https://www.rfc-editor.org/rfc/rfc8058#section-4
"""

from __future__ import annotations

import base64
import re
import subprocess

import dkim
import pytest

from bot.channels.mail.links import OwnLinks
from bot.channels.mail.mime import build
from tests.channels.mail.test_mime import ALICE, SENDER, delivery

BOTH = (b"list-unsubscribe", b"list-unsubscribe-post")
MAIL = build(
    delivery(), ALICE, SENDER, OwnLinks("https://papers.example.org/unsubscribe/x", "https://p.example.org/y", "")
)


@pytest.fixture(scope="module")
def key() -> bytes:
    made = subprocess.run(["openssl", "genrsa", "-traditional", "1024"], check=True, capture_output=True)
    return made.stdout


def signed(key: bytes, headers: list[bytes] | None) -> bytes:
    return dkim.sign(MAIL, b"test", b"example.org", key, include_headers=headers) + MAIL  # type: ignore[no-any-return]  # it has no types


def is_valid(data: bytes, key: bytes) -> bool:
    public = subprocess.run(
        ["openssl", "rsa", "-pubout", "-outform", "DER"], input=key, check=True, capture_output=True
    ).stdout
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    return bool(dkim.verify(data, dnsfunc=lambda *_, **__: record))


def covered(data: bytes) -> list[bytes]:
    found = re.search(rb"h=([^;]+);", data)
    assert found
    return re.sub(rb"\s", b"", found[1]).split(b":")


def test_a_signer_that_is_told_to_covers_both_headers_and_no_change_to_them_is_missed(key: bytes) -> None:
    data = signed(key, [*dkim.DKIM(MAIL).default_sign_headers(), *BOTH])
    assert set(BOTH) <= set(covered(data))
    assert is_valid(data, key)
    assert not is_valid(data.replace(b"/unsubscribe/x", b"/unsubscribe/z"), key)
    assert not is_valid(data.replace(b"=One-Click", b"=Two-Click"), key)


def test_a_signer_that_is_not_told_to_leaves_the_second_out(key: bytes) -> None:
    data = signed(key, None)
    assert (BOTH[0] in covered(data), BOTH[1] in covered(data)) == (True, False)
    assert is_valid(data.replace(b"=One-Click", b"=Two-Click"), key)
