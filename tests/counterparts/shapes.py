"""Digests of every shape that a counterpart has to take, and how a delivery of one is made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.model import AnnounceType, Delivery, Hit, Link, Note
from tests.builders import digest, entry, many_entries, paper, section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Digest, DigestEntry

PINGS = "<!channel> <!here> @everyone @here <@U0000000001> <@123456789012345678> <@&123456789012345678> <#C1>"
LINKS = "<http://evil.example|click> [click](http://evil.example) <a href='http://evil.example'>x</a> ](x) |||| \\\\"
MARKUP = "*b* _i_ ~s~ `c` ```f``` **b** __u__ ||s|| > q # h :tada: &lt; &amp; &#60; {{ 7 * 7 }} {% raw %} <!--"
HEADERS = (
    "=?utf-8?q?hi=0ABcc=3A_evil=40example.org?= \r\nBcc: evil@example.org\r\n\r\n<script>alert(1)</script>\r\n.\r\n"
)
UNICODE = "\u202eevil\u2066 \u2028 \u2029 \x85 \x00 \x1b[31m \ud800 e\u0301 \ufeff 🐦\u200d⬛ 鳥 طائر \U0010fffd"
TEX = r"$\alpha \leq \frac{1}{2}$ 50% of \'etude \emph{\textbf{$x_{i}^{2}$ {{{ $ \\ \n"
HOSTILE = (PINGS, LINKS, MARKUP, HEADERS, UNICODE, TEX)


def _hostile() -> list[DigestEntry]:
    """Each bad text everywhere at once, then all together and long, then nothing at all."""
    affects_credential = [
        entry(
            paper(f"2604.1000{number}", title=text, abstract=text * 3, authors=[text, "", text]),
            hits=[Hit(text, "title"), Hit(text, "abstract")],
            also_in=[text],
        )
        for number, text in enumerate(HOSTILE)
    ]
    worst = "".join(HOSTILE)
    long = paper("2604.10010", title=worst * 5, abstract=worst * 40, authors=[worst[:90]] * 3_000)
    empty = paper("2604.10011", title="", abstract="", authors=(), categories=())
    old = paper("hep-th/9901001", version=3, title="Old Pigeons", categories=[f"cs.C{n}" for n in range(60)])
    return [
        *affects_credential,
        entry(long, hits=[Hit(f"{PINGS}{n}", "title") for n in range(40)]),
        entry(empty, hits=()),
        entry(old, type=AnnounceType.REPLACE),
    ]


def _all() -> dict[str, Digest]:
    topics = [
        section(many_entries(4), topic=f"topic{number}", title=f"{text} {number}", hidden=number, more=[_LINK] * 9)
        for number, text in enumerate(("Birds", PINGS, LINKS, MARKUP, HEADERS, UNICODE, TEX))
    ]
    # As little text as there can be, so that the number of blocks or embeds is what limits a message.
    short = [
        entry(paper(f"2604.2{n:04d}", title="A", abstract="", authors=(), categories=()), hits=()) for n in range(150)
    ]
    return {
        "one paper": digest(),
        "31 papers": digest([section(many_entries(31))]),
        "200 papers": digest([section(many_entries(200))]),
        "short papers": digest([section(short)]),
        "hostile text": digest([section(_hostile(), title=PINGS + HEADERS)], missing=("cs.AI",)),
        "several topics": digest(topics),
        "no paper shown": digest([section([], hidden=7)]),
    }


_LINK = Link(PINGS + LINKS, "https://arxiv.org/list/cs.CV/new?a=|>)<b>&c=\"'")

DIGESTS = _all()
NOTES = {"note": Note("No papers today", "312 were announced.\n\nNone matched."), "hostile": Note(PINGS, MARKUP * 60)}


def delivery(
    payload: Mapping[str, Any],
    number: str = "d-1",
    *,
    reply: bool = False,
    parent: str = "",
    created_at: datetime | None = None,
) -> Delivery:
    """A delivery of that payload, as if claimed now."""
    return Delivery(
        number,
        "lab",
        "0" * 32,
        payload,
        part=1,
        parts=1,
        created_at=created_at or datetime.now(UTC),
        tries=1,
        reply=reply,
        parent=parent or None,
    )
