"""`paperboy members`: who subscribed by themselves, and no address unless it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.members.commands import feedback, pause, subscribe
from bot.members.mailbox import mailbox_key
from bot.store.feedback import Opinion
from tests.members.days import ALICE, DORA, OWN, commanding, live, readers, say_no, sign_up
from tests.world import FRIDAY, MONDAY, Environment, morning

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal

__all__ = ["readers"]


async def test_list_says_what_they_follow_and_how_they_stand_and_no_address(
    paperboy: Terminal, readers: Environment
) -> None:
    dora = await sign_up(readers, "birds", OWN, at=morning(FRIDAY))
    fay = await sign_up(readers, at=morning(FRIDAY), address="fay@example.net")
    gil = await sign_up(readers, at=morning(FRIDAY), address="gil@example.net")
    async with commanding(readers) as context:
        pause(context, fay)
        subscribe(context, "hal@example.net", ["birds"], "UTC", morning(FRIDAY))
    await say_no(readers, "gil@example.net")
    answer = await paperboy("members", "list")
    lines = {line.split()[0]: line for line in answer.out.splitlines()}
    assert lines[dora].endswith("birds, Maps  as soon as it is in  subscribed")
    assert lines[fay].endswith("paused")
    assert lines[gil].endswith("not written to: unsubscribed on 2026-04-17 (one-click)")
    assert sum(line.endswith("not confirmed yet") for line in lines.values()) == 1
    assert "@" not in answer.out
    listed = (await paperboy("members", "list", "--json")).json
    assert [each["topics"] for each in listed if each["key"] == dora] == [["birds", "Maps"]]


async def test_where_nobody_signed_up_it_says_so(paperboy: Terminal, readers: Environment) -> None:
    await live(readers, FRIDAY)
    answer = await paperboy("members", "list")
    assert (answer.code, answer.out, answer.err) == (0, "", "Nobody subscribed by themselves.\n")


async def test_show_finds_one_by_key_and_by_address_and_shows_the_address_if_asked(
    paperboy: Terminal, readers: Environment
) -> None:
    key = await sign_up(readers, at=morning(FRIDAY))
    by_key, by_address = await paperboy("members", "show", key), await paperboy("members", "show", DORA.lower())
    assert by_key.out == by_address.out
    assert "@" not in by_key.out
    assert "subscribed" in by_key.out
    assert DORA in (await paperboy("members", "show", key, "--address")).out


async def test_whoever_is_not_there_is_an_error_that_repeats_no_address(
    paperboy: Terminal, readers: Environment
) -> None:
    await live(readers, FRIDAY)
    for command in ("show", "remove", "export"):
        answer = await paperboy("members", command, "nobody@example.net")
        assert answer.code == 2
        assert "there is no such self-service subscriber" in answer.err
    assert (await paperboy("members", "show", "a@b@c")).code == 2


async def test_export_has_all_that_is_known(paperboy: Terminal, readers: Environment) -> None:
    key = await sign_up(readers, "birds", OWN, at=morning(FRIDAY))
    async with commanding(readers) as context:
        person = context.keys.person("mail", mailbox_key(DORA))
        feedback(context, key, person, "2604.00001", Opinion.SAVED, place="mail", now=morning(FRIDAY))
    found = (await paperboy("members", "export", DORA)).json
    assert found["self_service"]["address"] == DORA
    assert found["self_service"]["topics"] == [
        "birds",
        {"title": "Maps", "categories": ["cs.CV"], "keywords": ["maps"], "query": None},
    ]
    assert found["feedback"][0]["identifier"] == "2604.00001"
    assert found["suppression"] is None
    assert len((await paperboy("members", "export")).out.splitlines()) == 1


async def test_remove_forgets_one_and_says_so(paperboy: Terminal, readers: Environment) -> None:
    key = await sign_up(readers, at=morning(FRIDAY))
    answer = await paperboy("members", "remove", key)
    assert (answer.code, answer.out) == (0, f"{key} is forgotten.\n")
    assert (await paperboy("members", "list")).out == ""
    before = len(readers.mail.messages)
    await live(readers, MONDAY)
    assert {mail.rcpt[0].casefold() for mail in readers.mail.messages[before:]} == {ALICE, "bob@example.net"}


async def test_preview_and_explain_know_one_by_its_key(paperboy: Terminal, readers: Environment) -> None:
    key = await sign_up(readers, OWN, at=morning(FRIDAY))
    await live(readers, FRIDAY)
    assert "Fish 1" in (await paperboy("preview", key, "--latest")).out
    story = await paperboy("explain", "2604.00011", "--subscriber", key)
    assert f"{key}/1" in story.out
    assert "told as new for" in story.out
    assert "alone" not in story.out
    assert key not in (await paperboy("explain", "2604.00011")).out
    assert (await paperboy("explain", "2604.00011", "--subscriber", "m-0")).code == 2


async def test_status_counts_readers(paperboy: Terminal, readers: Environment) -> None:
    await sign_up(readers, at=morning(FRIDAY))
    await say_no(readers, ALICE)
    answer = await paperboy("status")
    assert "1 subscribed, 0 of them paused; 0 not confirmed yet" in answer.out
    assert "1 unsubscribed; `paperboy suppressions list` names them" in answer.out
    assert "nobody is left to write to; " in answer.out


async def test_a_delivery_says_that_it_was_not_written_to(paperboy: Terminal, readers: Environment) -> None:
    key = await sign_up(readers, at=morning(FRIDAY))
    records = (await paperboy("deliveries", "list", "--all", "--json")).json
    (first,) = (record["id"] for record in records if record["subscriber"] == key)
    assert "its reader's own" in (await paperboy("deliveries", "show", first)).out
    await say_no(readers, DORA)
    assert "not written to: unsubscribed" in (await paperboy("deliveries", "show", first)).out
