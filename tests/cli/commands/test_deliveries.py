"""`paperboy deliveries`: the outbox in a person's hands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.model import DeliveryState
from tests.builders import paper
from tests.servers.slack import FaultScript
from tests.world import MONDAY, TUESDAY, Environment, morning

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal

REFUSED = FaultScript(body={"ok": False, "error": "invalid_blocks"})
DOWN = FaultScript(body={"ok": False, "error": "service_unavailable"})


async def one(paperboy: Terminal, environment: Environment, *script: FaultScript) -> str:
    """One delivery that ended so; its id."""
    environment.announce(TUESDAY, paper())
    environment.slack.script.extend(script)
    await environment.once(morning(TUESDAY))
    (record,) = (await paperboy("deliveries", "list", "--all", "--json")).json
    delivery_id: str = record["id"]
    return delivery_id


# -- list --------------------------------------------------------------------------------------------------------


async def test_list_shows_what_is_left_with_a_short_id_and_the_reason(
    paperboy: Terminal, environment: Environment
) -> None:
    delivery_id = await one(paperboy, environment, DOWN)
    answer = await paperboy("deliveries", "list")
    assert (answer.code, answer.err) == (0, "")
    (line,) = answer.out.splitlines()
    assert line.startswith(f"  {delivery_id[:8]}  lab  Birds 1/1  Tue 21 Apr 2026 08:00  pending, 1 try: ")
    assert "service_unavailable" in line


async def test_list_shows_what_was_given_up_for_a_week(paperboy: Terminal, environment: Environment) -> None:
    await one(paperboy, environment, REFUSED, REFUSED)
    assert "dead" in (await paperboy("deliveries", "list")).out
    environment.clock.set(morning(TUESDAY.replace(day=29)))
    later = await paperboy("deliveries", "list")
    assert (later.code, later.out, later.err) == (0, "", "Nothing is left to deliver.\n")
    assert "dead" in (await paperboy("deliveries", "list", "--state", "dead")).out


async def test_list_leaves_out_what_is_done_unless_it_is_asked_for(
    paperboy: Terminal, environment: Environment
) -> None:
    await one(paperboy, environment)
    assert (await paperboy("deliveries", "list")).out == ""
    assert "sent, 1 try" in (await paperboy("deliveries", "list", "--all")).out
    assert "sent" in (await paperboy("deliveries", "list", "--state", "sent", "--state", "dead")).out
    nothing = await paperboy("deliveries", "list", "--state", "dead")
    assert (nothing.out, nothing.err) == ("", "There is no such delivery.\n")


async def test_list_is_of_one_subscriber_on_request(paperboy: Terminal, environment: Environment) -> None:
    environment.config["subscribers"]["other"] = {"slack": "C0000000002", "topics": ["birds"]}
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    answer = await paperboy("deliveries", "list", "--all", "--subscriber", "other", "--json")
    assert [record["subscriber"] for record in answer.json] == ["other"]


async def test_an_unknown_state_ends_with_2(paperboy: Terminal, environment: Environment) -> None:
    del environment
    answer = await paperboy("deliveries", "list", "--state", "lost")
    assert answer.code == 2
    assert f"one of {', '.join(DeliveryState)} is expected" in answer.err


# -- show --------------------------------------------------------------------------------------------------------


async def test_show_tells_every_field_and_neither_address_nor_secret(
    paperboy: Terminal, environment: Environment
) -> None:
    delivery_id = await one(paperboy, environment, DOWN)
    answer = await paperboy("deliveries", "show", delivery_id[:5])
    rows = dict(re.split(" {2,}", line.strip(), maxsplit=1) for line in answer.out.splitlines())
    assert rows["id"] == delivery_id
    assert (rows["subscriber"], rows["channel"]) == ("lab", "slack")
    assert rows["address"] == "number 1 of 1 in the configuration"
    assert (rows["part"], rows["state"], rows["tries"]) == ("1 of 1", "pending", "1")
    assert rows["not before"] == "Tue 21 Apr 2026 08:05"
    assert rows["papers"] == "2604.00001"
    assert "Pigeons" not in answer.out
    assert environment.slack.token not in answer.out
    assert "C0123456789" not in answer.out


async def test_show_names_the_papers_one_a_line(paperboy: Terminal, environment: Environment) -> None:
    environment.announce(TUESDAY, paper("2604.00001"), paper("2604.00002"))
    await environment.once(morning(TUESDAY))
    lines = (await paperboy("deliveries", "show", await one(paperboy, environment))).out.splitlines()
    first, second = (next(line for line in lines if f"2604.0000{n}" in line) for n in (1, 2))
    assert first.split() == ["papers", "2604.00001"]
    assert second == "2604.00002".rjust(len(first))


async def test_show_prints_the_message_as_composed_on_request(paperboy: Terminal, environment: Environment) -> None:
    environment.announce(TUESDAY, paper(title="Pigeons \x1b[31mRead\x1b[0m Maps"))
    await environment.once(morning(TUESDAY))
    answer = await paperboy("deliveries", "show", await one(paperboy, environment), "--payload")
    assert "As composed" in answer.out
    assert "Plain" in answer.out
    assert "Maps" in answer.out
    assert "\x1b" not in answer.out


async def test_show_opens_a_mail_which_is_stored_as_it_travels(paperboy: Terminal, environment: Environment) -> None:
    environment.config["subscribers"] = {"alice": {"mail": "alice@example.org", "topics": ["birds"]}}
    answer = await paperboy("deliveries", "show", await one(paperboy, environment), "--payload")
    assert '"subject": "Birds: 1 new paper' in answer.out
    assert '"plain": "Birds' in answer.out
    assert '"html": "<!DOCTYPE html>' in answer.out
    assert "quoted-printable" not in answer.out


async def test_show_for_programs_has_the_texts_only_on_request(paperboy: Terminal, environment: Environment) -> None:
    delivery_id = await one(paperboy, environment)
    found = (await paperboy("deliveries", "show", delivery_id, "--json")).json
    assert (found["record"]["state"], found["payload"]) == ("sent", None)
    with_texts = await paperboy("deliveries", "show", delivery_id, "--json", "--payload")
    assert with_texts.json["payload"]["blocks"]
    assert with_texts.out.isascii()


async def test_show_says_that_an_address_is_gone_and_a_text_pruned(
    paperboy: Terminal, environment: Environment
) -> None:
    delivery_id = await one(paperboy, environment)
    environment.config["subscribers"] = {"other": {"slack": "C0000000002", "topics": ["birds"]}}
    async with environment.app() as app:
        app.store.outbox.prune(morning(TUESDAY, 12))
    answer = await paperboy("deliveries", "show", delivery_id, "--payload")
    assert "no longer in the configuration" in answer.out
    assert "pruned" in answer.out
    assert "As composed" not in answer.out


async def test_an_unknown_or_ambiguous_id_ends_with_2_and_changes_nothing(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["subscribers"] |= {
        f"lab{number}": {"slack": f"C000000{number:04d}", "topics": ["birds"]} for number in range(17)
    }
    environment.announce(TUESDAY, paper())
    environment.slack.script.extend(DOWN for _ in range(18))
    await environment.once(morning(TUESDAY))
    before = (await paperboy("deliveries", "list", "--json")).json
    ids = [record["id"] for record in before]
    twice = next(first for first in "0123456789abcdef" if sum(i.startswith(first) for i in ids) > 1)
    ambiguous = await paperboy("deliveries", "drop", ids[0], twice)
    assert ambiguous.code == 2
    assert f"several begin with {twice}: give more of it" in ambiguous.err
    for wrong in ("xyz", "%", ""):
        unknown = await paperboy("deliveries", "retry", ids[0], wrong)
        assert unknown.code == 2
        assert f"there is no delivery {wrong!r}" in unknown.err
    assert (await paperboy("deliveries", "list", "--json")).json == before


# -- retry and drop ----------------------------------------------------------------------------------------------


async def test_a_dead_delivery_is_tried_again_and_arrives_with_the_next_run(
    paperboy: Terminal, environment: Environment
) -> None:
    delivery_id = await one(paperboy, environment, REFUSED, REFUSED)
    answer = await paperboy("deliveries", "retry", delivery_id[:8])
    assert answer.code == 0
    expected = f"{delivery_id[:8]} (lab, Birds 1/1) was dead, goes out with the next run\n"
    assert (answer.out, answer.err) == (expected, "")
    await environment.once()
    assert "Pigeons Read Maps" in environment.slack_text()


async def test_a_retry_closes_the_circuit_that_was_open(paperboy: Terminal, environment: Environment) -> None:
    environment.slack.channels["C0123456789"] = {"is_archived": True}
    delivery_id = await one(paperboy, environment)
    del environment.slack.channels["C0123456789"]
    await environment.once()
    assert environment.received()["slack"] == 0, "it is left alone for an hour"
    await paperboy("deliveries", "retry", delivery_id)
    await environment.once()
    assert environment.received()["slack"] == 1


async def test_what_is_dropped_is_never_sent_and_not_told_anew(paperboy: Terminal, environment: Environment) -> None:
    delivery_id = await one(paperboy, environment, DOWN)
    answer = await paperboy("deliveries", "drop", delivery_id)
    assert answer.out == f"{delivery_id[:8]} (lab, Birds 1/1) was pending, is given up\n"
    await environment.once()
    assert environment.received()["slack"] == 0
    assert "given up by hand" in (await paperboy("deliveries", "list")).out


async def test_a_refused_decision_is_said_and_stops_no_other(paperboy: Terminal, environment: Environment) -> None:
    sent = await one(paperboy, environment)
    environment.announce(TUESDAY.replace(day=22), paper("2604.00002"))
    environment.slack.script.append(DOWN)
    await environment.once(morning(TUESDAY.replace(day=22)))
    (waiting,) = (await paperboy("deliveries", "list", "--json")).json
    answer = await paperboy("deliveries", "retry", sent, waiting["id"], waiting["id"])
    assert answer.code == 1
    assert answer.err == f"{sent[:8]} (lab, Birds 1/1) is sent; --sent sends it a second time.\n"
    assert answer.out.count("was pending") == 1


async def test_what_is_sent_goes_out_a_second_time_only_where_that_is_asked_for(
    paperboy: Terminal, environment: Environment
) -> None:
    sent = await one(paperboy, environment)
    refused = await paperboy("deliveries", "retry", sent)
    assert (refused.code, "is sent; --sent sends it a second time" in refused.err) == (1, True)
    await environment.once()
    assert environment.received()["slack"] == 1
    again = await paperboy("deliveries", "retry", "--sent", sent)
    assert (again.code, "was sent, goes out with the next run" in again.out) == (0, True)
    await environment.once()
    assert environment.received()["slack"] == 2
    await environment.once()
    assert environment.received()["slack"] == 2
    detail = (await paperboy("deliveries", "show", sent, "--json")).json
    assert (detail["record"]["state"], detail["record"]["tries"]) == ("sent", 2)


async def test_what_is_just_being_sent_is_left_to_its_sender(paperboy: Terminal, environment: Environment) -> None:
    delivery_id = await one(paperboy, environment, DOWN)
    async with environment.app() as app:
        with app.store._database.writing() as connection:
            connection.exec_driver_sql("UPDATE deliveries SET state = 'sending'")
    for decision in ("retry", "drop"):
        answer = await paperboy("deliveries", decision, delivery_id)
        assert answer.code == 1
        assert "is being sent at this moment" in answer.err
    async with environment.app() as app:
        assert [record.state for record in app.store.queries.unfinished()] == [DeliveryState.SENDING]


async def test_what_the_next_run_would_take_back_is_not_tried_again(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["subscribers"]["lab"] = {"mail": ["a@example.org", "b@example.org"], "topics": ["birds"]}
    environment.announce(MONDAY, paper())
    await environment.once(morning(MONDAY), no_deliver=True)
    async with environment.app() as app:
        await app.runner.compose(any_hour=True)
    first, second = (await paperboy("deliveries", "list", "--json")).json
    for record in (first, second):
        await paperboy("deliveries", "drop", record["id"])
    lab = environment.config["subscribers"]["lab"]

    lab["mail"] = ["b@example.org", "c@example.org"]
    answers = [await paperboy("deliveries", "retry", record["id"]) for record in (first, second)]
    assert sorted(answer.code for answer in answers) == [0, 1]
    assert "its address is no longer in the configuration" in "".join(answer.err for answer in answers)

    lab["mail"] = ["c@example.org"]
    moved = await paperboy("deliveries", "retry", first["id"])
    assert moved.code == 1, "one of two mailboxes is gone, not moved"

    environment.config["subscribers"]["lab"] = {"slack": "C0123456789", "topics": ["birds"]}
    moved = await paperboy("deliveries", "retry", first["id"])
    assert moved.code == 1
    assert "lab moved from mail to slack" in moved.err

    environment.config["subscribers"] = {"other": {"slack": "C0123456789", "topics": ["birds"]}}
    gone = await paperboy("deliveries", "retry", first["id"])
    assert gone.code == 1
    assert "lab is no longer in the configuration" in gone.err


async def test_what_waits_for_an_only_address_that_moved_is_sent_to_the_new_one_on_request(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["subscribers"]["lab"] = {"mail": "old@example.org", "topics": ["birds"]}
    environment.mail.bounces["old@example.org"] = "550 5.1.1 no such user"
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    (record,) = (await paperboy("deliveries", "list", "--json")).json
    environment.config["subscribers"]["lab"]["mail"] = "new@example.org"
    assert (await paperboy("deliveries", "retry", record["id"])).code == 0
    await environment.once()
    assert [list(mail.rcpt) for mail in environment.mail.messages] == [["new@example.org"]]


async def test_status_and_the_operator_name_a_mailbox_that_bounced(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["subscribers"] = {
        "gone": {"mail": "gone@example.org", "topics": ["birds"]},
        "keeper": {"mail": "keeper@example.org", "topics": ["fishes"]},
    }
    environment.config["topics"]["fishes"] = {"title": "Fishes", "categories": ["cs.CV"], "keywords": ["walrus"]}
    environment.config["operator"] = "keeper"
    environment.mail.bounces["gone@example.org"] = "550 5.1.1 no such user"
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    await paperboy("once")
    (note,) = environment.mail.messages
    assert list(note.rcpt) == ["keeper@example.org"]
    assert b"gone (mail) is not reached: " in note.data
    assert b"550 5.1.1" in note.data
    status = " ".join((await paperboy("status")).out.split())
    assert "gone@example.org is not reached: RCPT: 550 5.1.1 no such user; next attempt after 09:00" in status


async def test_retrying_what_may_have_arrived_asks_before_it_is_sent_again(
    paperboy: Terminal, environment: Environment
) -> None:
    lost = await one(paperboy, environment, FaultScript(takes=True, drops=True))
    await paperboy("deliveries", "retry", lost)
    assert (await paperboy("once")).code == 0
    assert environment.received()["slack"] == 1
