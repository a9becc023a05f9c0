"""`paperboy suppressions`: who is not written to, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.members.days import ALICE, BOB, live, readers, say_no
from tests.world import FRIDAY, MONDAY, Environment

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal

__all__ = ["readers"]


async def test_list_names_reason_way_date_and_subscriber_and_no_address(
    paperboy: Terminal, readers: Environment
) -> None:
    await live(readers, FRIDAY)
    assert (await paperboy("suppressions", "list")).err == "Everybody may be written to.\n"
    await say_no(readers, ALICE)
    await say_no(readers, BOB, "bounce")
    answer = await paperboy("suppressions", "list")
    lines = sorted(line.split()[1:] for line in answer.out.splitlines())
    assert lines == [
        ["bounced", "bounce", "2026-04-17", "both"],
        ["unsubscribed", "one-click", "2026-04-17", "alone"],
    ]
    assert "@" not in answer.out
    keys = [each["key"] for each in (await paperboy("suppressions", "list", "--json")).json]
    exported = (await paperboy("suppressions", "export")).out.splitlines()
    assert [json.loads(line)["key"] for line in exported] == keys


async def test_a_no_that_was_told_to_the_operator_is_added_and_holds(
    paperboy: Terminal, readers: Environment
) -> None:
    answer = await paperboy("suppressions", "add", ALICE.title())
    assert (answer.code, answer.out) == (0, "It is not written to any more.\n")
    await live(readers, FRIDAY)
    assert {mail.rcpt[0] for mail in readers.mail.messages} == {BOB}
    assert "command" in (await paperboy("suppressions", "list")).out
    assert (await paperboy("suppressions", "add", "alice")).code == 2


async def test_one_is_lifted_by_the_beginning_of_its_key_or_by_its_address(
    paperboy: Terminal, readers: Environment
) -> None:
    for which in ("key", ALICE):
        await say_no(readers, ALICE)
        (found,) = (await paperboy("suppressions", "list", "--json")).json
        answer = await paperboy("suppressions", "lift", found["key"][:8] if which == "key" else which)
        assert (answer.code, answer.out) == (0, f"{found['key'][:8]} (unsubscribed) is lifted.\n")
    await live(readers, MONDAY)
    assert sum(mail.rcpt[0].casefold() == ALICE for mail in readers.mail.messages) == 2


async def test_what_is_not_clear_is_refused(paperboy: Terminal, readers: Environment) -> None:
    await say_no(readers, ALICE)
    for which in ("zz", "carl@example.net", ""):
        answer = await paperboy("suppressions", "lift", which)
        assert answer.code == 2
        assert "there is no such suppression" in answer.err
    (found,) = (await paperboy("suppressions", "list", "--json")).json
    await say_no(readers, BOB)
    keys = [each["key"] for each in (await paperboy("suppressions", "list", "--json")).json]
    if keys[0][0] == keys[1][0]:
        assert "several begin with" in (await paperboy("suppressions", "lift", found["key"][0])).err


async def test_of_a_secret_that_is_gone_is_said_that_its_links_do_nothing_and_that_who_said_no_still_gets_nothing(
    paperboy: Terminal, readers: Environment
) -> None:
    await live(readers, FRIDAY)
    await say_no(readers, ALICE)
    old = readers.config["web"]["secret"]
    readers.config["web"]["secret"] = "new" * 20
    answer = await paperboy("check")
    assert answer.code == 0
    assert "links in mails that were signed with it do nothing" in answer.out
    assert "alice@example.net is not written to" in (await paperboy("status")).out
    readers.config["web"]["secret"] = ["new" * 20, old]
    assert "former secret" not in (await paperboy("check")).out
