"""Laws 11 and 12 over every path: what changes nothing, what is refused, what no answer and no log says."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.store import Store
from bot.web.answering import Answering
from bot.web.forms import MOST_BYTES
from bot.web.served import Served
from tests.members.conftest import WEB
from tests.members.driver import DORA
from tests.web.conftest import URLENCODED, links_of, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.web.page import Page
    from tests.web.conftest import Pages

ALICE = "alice@example.edu"


@pytest.fixture
async def busy(pages: Pages) -> Pages:
    """Pages with something of every kind: a subscriber, a request, a no, a saved paper."""
    await pages.subscribed()
    await pages.post("/", ("address", "asked@example.edu"), ("topic", "birds"))
    await pages.post(pages.unsubscribe(ALICE))
    await pages.post(links_of(pages)["feedback"])
    pages.woken.clear()
    return pages


def dump(pages: Pages) -> str:
    """All that the store holds."""
    path = str(pages.readers.store._database.name).removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        found = "\n".join(connection.iterdump())
    connection.close()
    return found


# -- law 11 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_law_11_a_link_that_is_opened_changes_nothing(busy: Pages, method: str) -> None:
    """As scanners do: every link, of a subscriber, of one who asked, of the YAML's, and again."""
    before = dump(busy)
    for _ in range(2):
        for address in (DORA, "asked@example.edu", ALICE, "nobody@example.edu"):
            for path in links_of(busy, address).values():
                for query in ("", "?List-Unsubscribe=One-Click&do=resume"):
                    answer = await busy.ask(method, path + query)
                    assert answer.status in (200, 404), path
                    assert "Location" not in answer.headers
    assert dump(busy) == before
    assert busy.woken == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
async def test_law_11_methods_that_no_page_has_are_refused_and_change_nothing(busy: Pages, method: str) -> None:
    before = dump(busy)
    for path in links_of(busy).values():
        answer = await busy.ask(method, path)
        assert (answer.status, "GET" in answer.headers["Allow"]) == (405, True)
    assert dump(busy) == before


async def test_a_form_is_refused_where_there_is_none(busy: Pages) -> None:
    for path in links_of(busy).values():
        if "/export/" in path or "/saved/" in path or path == "/healthz":
            assert (await busy.post(path)).status == 405


# -- what every answer says --------------------------------------------------------------------------------------


async def test_every_answer_forbids_whatever_is_not_needed(busy: Pages) -> None:
    for path in (*links_of(busy).values(), "/nothing", "/assets/nothing"):
        answer = await busy.get(path)
        headers = answer.headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"] == "Paperboy"
        assert (headers.get("X-Robots-Tag") == "noindex, nofollow") is (path.count("/") == 2 and "assets" not in path)


async def test_hsts_is_for_https_alone(store: Store) -> None:
    async with opened(store, replace(WEB, url="http://127.0.0.1:8080")) as pages:
        assert "Strict-Transport-Security" not in (await pages.get("/")).headers


async def test_a_title_has_no_token_and_no_address(busy: Pages) -> None:
    for path in links_of(busy).values():
        answer = await busy.get(path)
        for title in re.findall(r"<title>(.*?)</title>", answer.text):
            assert "@" not in title
            assert path.rpartition("/")[2][:10] not in title or path in ("/", "/healthz")


async def test_a_page_loads_only_what_lies_beside_it(busy: Pages) -> None:
    for path in links_of(busy).values():
        answer = await busy.get(path)
        for source in re.findall(r'<(?:script src|link rel="[a-z]+" href|img src)="([^"]+)"', answer.text):
            assert re.fullmatch(r"(\.\./)?assets/[\w-]+-[0-9a-f]{8}\.(css|js|svg)", source)
            assert (await busy.get("/" + source.removeprefix("../"))).status == 200
        assert "<style" not in answer.text
        assert not re.findall(r"<script(?! src)|\son[a-z]+=", answer.text)


async def test_no_log_has_a_token_or_an_address(
    store: Store, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets: set[str] = set()
    async with opened(store) as pages:
        await pages.subscribed()
        for path in links_of(pages).values():
            secrets.update(word for word in path.split("/") if len(word) > 20)
            await pages.get(path, headers={"Referer": f"https://papers.example.edu{path}"})
            await pages.post(path, ("address", DORA), ("do", "topics"), ("topic", "birds"))
            await pages.ask("DELETE", path)
    said = "".join(capsys.readouterr()) + caplog.text
    assert "answered" in said
    assert len(secrets) == 4  # one of each purpose
    assert not [secret for secret in secrets if secret in said]
    assert "dora" not in said.lower()


# -- what is refused ---------------------------------------------------------------------------------------------


async def test_what_is_too_large_is_refused_and_not_read(busy: Pages) -> None:
    before = dump(busy)
    for path in links_of(busy).values():
        for size, status in ((MOST_BYTES + 1, 413), (1_000_000, 413)):
            answer = await busy.ask("POST", path, headers=URLENCODED, data=b"address=" + b"x" * (size - 8))
            assert answer.status in (status, 405)
    assert dump(busy) == before


async def test_a_body_in_pieces_is_bounded_too(busy: Pages) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    answer = await busy.ask("POST", busy.unsubscribe(), headers=URLENCODED, data=pieces())
    assert (answer.status, busy.suppression()) == (413, None)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/xml", "nonsense", ""])
async def test_what_is_no_form_is_refused(busy: Pages, kind: str) -> None:
    before = dump(busy)
    for path in links_of(busy).values():
        answer = await busy.ask("POST", path, headers={"Content-Type": kind}, data=b'{"a": 1}')
        assert answer.status in (415, 405)
    answer = await busy.ask("POST", "/", headers={**URLENCODED, "Content-Encoding": "gzip"}, data=b"\x1f\x8b")
    assert answer.status == 415
    assert dump(busy) == before


async def test_a_field_that_is_sent_twice_is_refused_where_one_is_expected(busy: Pages) -> None:
    before = dump(busy)
    twice = await busy.post("/", ("address", "a@example.edu"), ("address", "b@example.edu"), ("topic", "birds"))
    assert twice.status == 400
    assert (await busy.post(busy.preferences(), ("do", "pause"), ("do", "resume"))).status == 400
    changed = {line for line in dump(busy).splitlines() if "request_limits" not in line}
    assert changed == {line for line in before.splitlines() if "request_limits" not in line}


async def test_headers_that_are_too_large_are_refused(busy: Pages) -> None:
    answer = await busy.get("/", headers={"X-Long": "x" * 9000})
    assert answer.status == 400
    assert (await busy.get("/unsubscribe/" + "A" * 9000)).status in (400, 404)


async def test_a_body_that_does_not_come_is_not_waited_for(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.answering.BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection(pages.client.host, pages.client.port)
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {URLENCODED['Content-Type']}\r\nContent-Length: 100\r\n\r\n"
    writer.write(head.encode() + b"address=")
    answer = await reader.readline()
    writer.close()
    assert b" 408 " in answer


async def test_a_store_that_cannot_be_used_is_said_and_is_no_success(busy: Pages) -> None:
    """So a mail provider's click comes again."""
    path = str(busy.readers.store._database.name).removeprefix("sqlite:///")
    busy.readers.store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE suppressions RENAME TO gone")
    connection.close()
    answer = await busy.post(busy.unsubscribe())
    assert (answer.status, int(answer.headers["Retry-After"]) > 0) == (503, True)
    assert "suppressions" not in answer.text


async def test_a_fault_of_ours_is_a_page_that_tells_nothing(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError(DORA)

    monkeypatch.setattr(Answering, "_run", broken)
    answer = await pages.get(pages.preferences())
    assert (answer.status, "ZeroDivisionError" in answer.text, "Content-Security-Policy" in answer.headers) == (
        500,
        False,
        True,
    )
    assert "a page failed" in capsys.readouterr().out


async def test_an_operator_s_broken_template_costs_no_reader_their_page(store: Store, tmp_path: Path) -> None:
    (tmp_path / "own" / "web").mkdir(parents=True)
    (tmp_path / "own" / "web" / "unsubscribe.html.j2").write_text("{{ nothing }}")
    (tmp_path / "own" / "web" / "asked.html.j2").write_text("Look into your mailbox, {{ title }}")
    async with opened(store, templates=tmp_path / "own") as pages:
        assert "<button" in (await pages.get(pages.unsubscribe())).text
        answer = await pages.post("/", ("address", DORA), ("topic", "birds"))
        assert answer.text == "Look into your mailbox, One more step\n"


# -- anything at all ---------------------------------------------------------------------------------------------

NAMES = [
    "address",
    "topic",
    "zone",
    "do",
    "name",
    "title",
    "categories",
    "keywords",
    "authors",
    "exclude",
    "query",
    "muted",
    "at",
    "day",
    "until",
    "say",
]
DOS = st.sampled_from(["", "preview", "topics", "topic", "remove", "muted", "when", "pause", "resume", "subscribe"])
VALUES = st.one_of(
    st.text(max_size=200),
    st.sampled_from(["birds", "cs.CV", "08:00", "Europe/Berlin", "2026-12-24", DORA, "none", "Monday", "ti:a OR b"]),
)
FORMS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=12)


@pytest.mark.timeout(300)
def test_whatever_a_form_says_there_is_an_answer_and_no_fault(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Full Unicode in every field of every form, as urlencoded and as multipart, and as nothing but bytes."""
    loop = asyncio.new_event_loop()
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('forms') / 'paperboy.db'}")
    context = opened(store)
    pages = loop.run_until_complete(context.__aenter__())
    loop.run_until_complete(pages.subscribed())
    paths = sorted(path for path in links_of(pages).values() if "/export/" not in path and "/delete/" not in path)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(paths), FORMS, DOS, st.sampled_from(["fields", "multipart", "bytes"]), st.binary(max_size=99)
    )
    def answers(path: str, fields: list[tuple[str, str]], do: str, how: str, raw: bytes) -> None:
        loop.run_until_complete(_post(path, fields, do, how, raw))

    async def _post(path: str, fields: list[tuple[str, str]], do: str, how: str, raw: bytes) -> None:
        if how == "bytes":
            answer = await pages.ask("POST", path, headers=URLENCODED, data=raw)
        elif how == "multipart":
            boundary = "pigeon"
            parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields]
            body = "".join([*parts, f"--{boundary}--\r\n"]).encode("utf-8", "replace")
            kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
            answer = await pages.ask("POST", path, headers=kind, data=body)
        else:
            answer = await pages.post(path, ("do", do), *fields)
        assert answer.status in (200, 400, 404, 405, 413, 415, 422, 429), answer.status

    try:
        answers()
    finally:
        loop.run_until_complete(context.__aexit__(None, None, None))
        loop.close()
        store.close()


async def test_the_page_of_a_failure_is_drawn_once_for_all(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is too much to do, most of it would else be to draw pages that say so."""
    drawn: list[str] = []
    render = Served.render

    def noted(served: Served, page: Page, *, root: str) -> str:
        drawn.append(page.template)
        return render(served, page, root=root)

    monkeypatch.setattr(Served, "render", noted)
    answers = [await pages.get("/nothing") for _ in range(3)]
    assert len({answer.text for answer in answers}) == 1
    assert (await pages.get("/saved/x")).status == 404  # one folder deeper, where links are others
    assert drawn == ["message"] * 2
