"""`paperboy preview`: in the subscriber's own words, and an answer where there is nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store import Store
from bot.store.feedback import FeedbackRecord, Opinion
from tests.builders import paper
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal


async def test_before_any_mailing_it_says_how_to_get_one(paperboy: Terminal, environment: Environment) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.config["topics"]["weather"] = {"categories": ["physics.ao-ph"]}
    environment.config["subscribers"]["rain"] = {"slack": "C0000000002", "topics": ["weather"]}
    environment.announce(TUESDAY, paper())
    await paperboy("once", "--no-deliver")
    for options in ((), ("--latest",)):
        answer = await paperboy("preview", "rain", *options)
        assert (answer.code, answer.out) == (0, "")
        assert answer.err.startswith("No mailing is stored yet for rain"), options


async def test_where_the_latest_mailing_has_nothing_it_says_so(paperboy: Terminal, environment: Environment) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.config["topics"]["birds"]["keywords"] = ["xylophone"]
    environment.announce(TUESDAY, paper())
    await paperboy("once", "--no-deliver")
    answer = await paperboy("preview", "--latest")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "Nothing in the latest mailing matched for lab.\n"


async def test_a_terminal_shows_a_chat_s_own_words_and_only_a_mail_s_reader_can_unsubscribe(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.config["subscribers"] |= {
        "chat": {"discord": "123456789012345678", "topics": ["birds"]},
        "alice": {"mail": "alice@uni.example", "topics": ["birds"]},
    }
    environment.announce(TUESDAY, paper())
    await paperboy("once", "--no-deliver")
    shown = {name: (await paperboy("preview", name)).out for name in ("lab", "chat", "alice")}
    assert all("Pigeons Read Maps" in out for out in shown.values()), shown
    assert [name for name, out in shown.items() if "unsubscribe" in out] == ["alice"]


async def test_where_nothing_was_liked_it_says_so_and_else_shows_the_counts(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.config["subscribers"]["liked"] = {"slack": "C0123456789", "topics": ["birds"], "digest": "liked"}
    environment.announce(TUESDAY, paper())
    await paperboy("once")
    answer = await paperboy("preview", "liked")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "Nobody liked or saved a paper where liked goes since its last digest.\n"
    store = Store(environment.settings.store)
    with store.transaction() as transaction:
        record = FeedbackRecord("lab", "ada", "2604.00001", Opinion.SAVED, "slack", environment.clock.now())
        transaction.feedback.put(record)
    store.close()
    assert "1 saved this" in (await paperboy("preview", "liked")).out
