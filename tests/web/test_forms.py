from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.forms import MOST_BYTES, Form, RequestError, read_form

URLENCODED = "application/x-www-form-urlencoded"
GMAIL = (
    b"------WebKitFormBoundary7MA4\r\n"
    b'Content-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
    b"------WebKitFormBoundary7MA4--\r\n"
)
"""As in RFC 8058 section 8.2."""


def refused(content_type: str, body: bytes) -> HTTPStatus:
    with pytest.raises(RequestError) as error:
        read_form(content_type, body)
    return error.value.status


def test_both_kinds_of_forms_say_the_same() -> None:
    one_click = Form((("List-Unsubscribe", "One-Click"),))
    assert read_form(URLENCODED, b"List-Unsubscribe=One-Click") == one_click
    assert read_form(f"{URLENCODED}; charset=UTF-8", b"List-Unsubscribe=One-Click") == one_click
    assert read_form("multipart/form-data; boundary=----WebKitFormBoundary7MA4", GMAIL) == one_click


def test_an_empty_body_is_an_empty_form_whatever_it_is_called() -> None:
    assert read_form("", b"") == read_form("application/json", b"") == Form()


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json", "multipart/mixed; boundary=x"])
def test_what_is_no_form_is_refused(kind: str) -> None:
    assert refused(kind, b"a=b") is HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def test_what_is_too_large_or_too_much_is_refused() -> None:
    assert read_form(URLENCODED, b"a=" + b"x" * (MOST_BYTES - 2)).one("a")
    assert refused(URLENCODED, b"a=" + b"x" * (MOST_BYTES - 1)) is HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert refused(URLENCODED, b"&".join([b"a=1"] * 201)) is HTTPStatus.BAD_REQUEST
    assert refused("multipart/form-data", GMAIL) is HTTPStatus.BAD_REQUEST  # no boundary
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' for _ in range(130))
    assert len(read_form("multipart/form-data; boundary=x", parts + b"--x--").many("a")) == 130


def test_a_field_that_stands_twice_is_refused_where_one_is_expected() -> None:
    form = read_form(URLENCODED, b"topic=a&topic=b&address=+x+")
    assert (form.many("topic"), form.one("address"), form.one("nothing")) == (("a", "b"), "x", "")
    with pytest.raises(RequestError):
        form.one("topic")


def test_lines_are_read_one_by_one() -> None:
    form = read_form(URLENCODED, urlencode({"keywords": " pigeon \r\n\r\nhoming flight\n"}).encode())
    assert form.lines("keywords") == ("pigeon", "homing flight")


def test_control_characters_and_broken_utf_8_do_no_harm() -> None:
    form = read_form(URLENCODED, b"a=x%00y%1b[31m&b=%ff%ed%a0%80&c=\xff")
    assert form.one("a") == "x y [31m"
    assert set(form.one("b") + form.one("c")) == {"\ufffd"}


@given(st.sampled_from([URLENCODED, "multipart/form-data; boundary=x", "multipart/form-data"]), st.binary())
def test_any_bytes_are_a_form_or_refused(kind: str, body: bytes) -> None:
    _read_or_refused(kind, body)


@given(st.text(), st.binary(max_size=300), st.sampled_from(["", "base64", "quoted-printable", "x-uuencode"]))
def test_any_part_is_a_field_or_refused(name: str, content: bytes, encoding: str) -> None:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    _read_or_refused("multipart/form-data; boundary=x", head.encode("utf-8", "replace") + content + b"\r\n--x--\r\n")


def _read_or_refused(kind: str, body: bytes) -> None:
    try:
        form = read_form(kind, body)
    except RequestError as error:
        assert error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)  # noqa: PT017
    else:
        for name, value in form.fields:
            assert "\x00" not in value
            (name + value).encode()  # no lone surrogate
