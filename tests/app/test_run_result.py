"""A run that told something twice is said as one; what is not in for one reason is one line of the log."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from structlog.testing import capture_logs

from bot.app.run_result import RunResult, Told, log_run
from bot.model import Collected, Composed, LaneReport, MailingState, Outcome
from bot.publish import Published
from tests.world import MONDAY, TUESDAY

LATER = datetime(2026, 4, 21, 9, tzinfo=UTC)


def test_of_two_passes_every_digest_is_said_and_of_a_subscriber_without_any_why() -> None:
    empty, digest = Composed("lab", Outcome.EMPTY), Composed("lab", Outcome.DIGEST, matched=2, messages=1)
    other = Composed("group", Outcome.NOT_DUE)
    assert Told((empty, other)).then(Told((digest, other))).composed == (other, digest)
    assert Told((digest, other)).then(Told((empty, other))).composed == (digest, other)
    assert Told((digest, other)).then(Told((digest, other))).composed == (digest, other, digest)
    assert Told().then(Told((empty,))).composed == (empty,)


def test_of_two_passes_what_was_sent_adds_up_and_what_is_left_is_as_the_later_one_found_it() -> None:
    first = LaneReport("lab", "C1", sent=1, left_until=LATER, reason="busy")
    later = LaneReport("lab", "C1", sent=2)
    gone = LaneReport("group", "", dropped=1, reason="its address is gone")
    moved = LaneReport("group", "", withdrawn=1, reason="it moved")
    told = Told(delivered=(gone, moved, first)).then(Told(delivered=(later,)))
    assert told.delivered == (gone, moved, LaneReport("lab", "C1", sent=3, reason="busy"))


def test_of_two_passes_each_page_is_named_once() -> None:
    page = Path("site/birds/2026-04-21.md")
    told = Told(published=(Published(page, 1),)).then(Told(published=(Published(page, 3),), site_error=""))
    assert told.published == (Published(page, 3),)
    assert Told(site_error="disk full").then(Told()).site_error == "disk full"


def test_what_is_not_in_for_one_reason_is_one_line_of_the_log() -> None:
    no, waits = "cannot connect", "no request before 2026-04-21 08:00 UTC"
    run = RunResult(
        collected=(
            *(Collected(f"cs.A{n}", TUESDAY, MailingState.FAILED, no) for n in range(3)),
            *(Collected("cs.B0", day, MailingState.FAILED, waits, asked=False) for day in (MONDAY, TUESDAY)),
            Collected("cs.B1", TUESDAY, MailingState.FAILED, waits, asked=False),
            Collected("cs.CV", TUESDAY, MailingState.COMPLETE, "3 announced", new=3),
            Collected("cs.CL", TUESDAY, MailingState.COMPLETE, "4 announced", asked=False),
        ),
        catching_up_elsewhere="catch up is held by process 1 on elsewhere",
    )
    with capture_logs() as logs:
        log_run(run)
    assert [(entry["log_level"], entry.get("category"), entry.get("reason")) for entry in logs] == [
        ("info", "cs.CV", "3 announced"),
        ("warning", "cs.A0, cs.A1 and 1 more", no),
        ("warning", "cs.B0, cs.B1", waits),
        ("info", None, None),
    ]
