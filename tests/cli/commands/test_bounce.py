"""`paperboy bounce`: what a mail server's pipe is answered."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from tests.builders import paper
from tests.members.test_bounces import bounce
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Terminal

ALICE = "alice@example.org"


@pytest.fixture
async def told(environment: Environment) -> Environment:
    """Alice got a digest."""
    environment.config["channels"]["mail"]["return_path"] = "bounces+{token}@example.org"
    environment.config["subscribers"]["alice"] = {"mail": ALICE, "topics": ["birds"]}
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    return environment


def pipe(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


async def test_a_bounce_is_understood_by_the_return_address_of_the_mail(
    paperboy: Terminal, told: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mail,) = told.mail.messages
    pipe(monkeypatch, bounce(mail.envelope_from, recipient=ALICE))
    answer = await paperboy("bounce")
    assert (answer.code, answer.out, answer.err) == (
        0, "alice: that mailbox is not written to any more (bounced).\n", ""
    )  # fmt: skip
    pipe(monkeypatch, bounce(recipient=ALICE))
    monkeypatch.setenv("ORIGINAL_RECIPIENT", mail.envelope_from)
    assert "not written to any more" in (await paperboy("bounce")).out


async def test_a_mail_that_is_refused_for_good_is_counted(
    paperboy: Terminal, told: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe(monkeypatch, bounce(told.mail.messages[0].envelope_from, status="5.2.1"))
    answer = await paperboy("bounce")
    assert (answer.code, answer.out) == (0, "alice: that mailbox refused 1 mail for good within 14 days.\n")


@pytest.mark.parametrize("data", [b"", b"Subject: hello\n\nHow are you?\n", b"x" * 2_000_000, bounce()])
async def test_what_is_no_bounce_of_ours_is_taken_and_nothing_is_done(
    paperboy: Terminal, told: Environment, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    assert told.mail.messages
    pipe(monkeypatch, data)
    answer = await paperboy("bounce")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("Nothing is done: ")


async def test_the_mail_server_keeps_the_mail_while_we_cannot_read_it(
    paperboy: Terminal, told: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pipe(monkeypatch, bounce(told.mail.messages[0].envelope_from))
    told.config["store"] = f"sqlite:///{tmp_path / 'nowhere' / 'else.db'}"
    assert (await paperboy("bounce")).code == 75
    told.config["store"] = "sqlite:///paperboy.db"
    (told.folder / "broken.yaml").write_text("topics: 3")
    answer = await paperboy.raw("bounce", "--config", str(told.folder / "broken.yaml"))
    assert answer.code == 75
    assert "cannot be used" in answer.err


async def test_once_reads_a_maildir_before_it_sends_and_says_where_there_is_none(
    paperboy: Terminal, told: Environment
) -> None:
    told.config["channels"]["mail"]["bounces"] = "Maildir"
    told.config["operator"] = "lab"
    await paperboy("once")
    assert "Mails that came back cannot be read" in told.slack_text()
    for name in ("new", "cur"):
        (told.folder / "Maildir" / name).mkdir(parents=True)
    (told.folder / "Maildir" / "new" / "1.x").write_bytes(bounce(told.mail.messages[0].envelope_from))
    assert (await paperboy("once")).code == 0
    assert [file.name for file in (told.folder / "Maildir" / "cur").iterdir()] == ["1.x:2,S"]
