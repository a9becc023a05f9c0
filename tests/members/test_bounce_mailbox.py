"""A Maildir of bounces: each is read once, what a person has to see stays unseen, and what cannot be read is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.members import bounce_mailbox
from bot.members.bounce_mailbox import BounceMailboxError, read_bounces
from tests.members.driver import NOW, suppression
from tests.members.test_bounces import EVE, bounce, sent

if TYPE_CHECKING:
    from pathlib import Path

    from bot.members.context import Context


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    return tmp_path / "Maildir"


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_bounce_is_processed_and_marked_as_seen(context: Context, maildir: Path) -> None:
    sent(context.store)
    (maildir / "new" / "1776752704.M1P2.mx").write_bytes(bounce())
    assert read_bounces(context, maildir, NOW) == 1
    assert suppression(context, EVE)
    assert names(maildir / "cur") == ["1776752704.M1P2.mx:2,S"]
    assert read_bounces(context, maildir, NOW) == 0


def test_what_is_none_waits_unseen_for_a_person(context: Context, maildir: Path) -> None:
    (maildir / "new" / "1.a").write_bytes(b"Subject: hello\n\nWho are you?\n")
    (maildir / "new" / "2.b").write_bytes(b"x" * 2_000_000)
    (maildir / "new" / ".hidden").write_bytes(bounce())
    assert read_bounces(context, maildir, NOW) == 2
    assert names(maildir / "cur") == ["1.a:2,", "2.b:2,"]


def test_there_is_an_end_to_what_is_read_at_once(
    context: Context, maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounce_mailbox, "MOST_AT_ONCE", 2)
    for name in "abc":
        (maildir / "new" / name).write_bytes(b"")
    assert [read_bounces(context, maildir, NOW) for _ in range(3)] == [2, 1, 0]


def test_what_is_no_maildir_is_said(context: Context, tmp_path: Path) -> None:
    with pytest.raises(BounceMailboxError, match="No such file or directory"):
        read_bounces(context, tmp_path, NOW)
