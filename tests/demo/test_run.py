"""The demo itself: everything arrives once, every second run sends nothing, and a folder is left to look at."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import shutil
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bot.cli import main
from bot.demo.reader import ADDRESS
from bot.demo.run import show

if TYPE_CHECKING:
    from pathlib import Path

    from bot.app.run_result import RunResult
    from bot.settings import Settings


async def run_demo(folder: Path) -> tuple[list[str], list[RunResult], bool]:
    lines: list[str] = []
    runs: list[RunResult] = []

    def account(run: RunResult, _settings: Settings) -> None:
        runs.append(run)

    done = await show(folder, tell=lines.append, print_result=account)
    return lines, runs, done


@dataclass(frozen=True)
class Shown:
    """A demo that has been run, for many to look at: nobody changes its folder."""

    folder: Path
    lines: list[str]
    runs: list[RunResult]
    done: bool
    asked: set[str]
    """The hosts that it connected to."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder, asked = tmp_path_factory.mktemp("demo"), set[str]()
    connect = socket.socket.connect

    def note(self: socket.socket, address: Any) -> None:
        asked.add(str(address[0]))
        connect(self, address)

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(socket.socket, "connect", note)
        lines, runs, done = asyncio.run(run_demo(folder))
    return Shown(folder, lines, runs, done, asked)


def test_three_mailings_and_a_weekend_arrive_once_everywhere(shown: Shown) -> None:
    assert shown.done
    lines = shown.lines
    assert [line for line in lines if line.startswith("==")] == [
        "== Thu 5 Mar 2026 ==",
        "== Fri 6 Mar 2026 ==",
        "== Sat 7 Mar 2026 ==",
        "== Sun 8 Mar 2026 ==",
        "== Mon 9 Mar 2026 ==",
    ]
    assert lines.count("And once more: 0 sent.") == 5
    sent = [sum(lane.sent for lane in run.delivered) for run in shown.runs]
    assert all(count > 0 for count in (sent[0], sent[1], sent[4]))
    assert sent[2:4] == [0, 0]


def test_a_run_is_killed_while_sending_and_every_message_arrives_once_or_it_is_said(shown: Shown) -> None:
    said = shown.lines[shown.lines.index("The run was killed while it was sending, and the next one went on:") + 1 :]
    assert [line.split(". ")[0] for line in said[:3]] == [
        "brain-hook: 1 message twice",
        "night-owls: each message once",
        "vision-lab: each message once",
    ]
    slack = json.loads((shown.folder / "received" / "slack.json").read_text(encoding="utf-8"))
    doubled = [message["channel"] for number, message in enumerate(slack) if message in slack[:number]]
    assert doubled == ["brain-hook"]
    discord = json.loads((shown.folder / "received" / "discord.json").read_text(encoding="utf-8"))
    assert not [message for number, message in enumerate(discord) if message in discord[:number]]
    index = (shown.folder / "index.html").read_text(encoding="utf-8")
    friday = index[index.index('id="2026-03-06"') : index.index('id="2026-03-07"')]
    assert all(f"<li>{line}</li>" in friday for line in said[:3])


def test_the_killed_day_s_account_counts_what_arrived_before_and_after(shown: Shown) -> None:
    index = (shown.folder / "index.html").read_text(encoding="utf-8")
    assert "<li>14 messages received; sent by one more run, 0</li>" in index
    assert "<li>14 announcements collected from 3 categories</li>" in index


def test_the_site_is_in_a_frame_and_hostile_titles_are_labelled(shown: Shown) -> None:
    index = (shown.folder / "index.html").read_text(encoding="utf-8")
    assert 'src="site/index.html"' in index
    assert (shown.folder / "site" / "index.html").exists()
    labelled = index[index.index('id="hostile"') :]
    assert "Hostile on purpose" in labelled
    assert "&lt;!channel&gt; and @everyone" in labelled
    assert "titles that are hostile on purpose: 6" in index
    thursday = index[index.index('id="2026-03-05"') : index.index('id="2026-03-06"')]
    assert "hostile" not in thursday


def test_what_every_channel_received_and_the_pages_are_left(shown: Shown) -> None:
    received = shown.folder / "received"
    slack = json.loads((received / "slack.json").read_text(encoding="utf-8"))
    discord = json.loads((received / "discord.json").read_text(encoding="utf-8"))
    assert {message["channel"] for message in slack} == {"vision-lab", "brain-hook", "night-owls"}
    assert {message["channel"] for message in discord} == {"reading-group", "brain-forum", "their-hook", "new-people"}
    posts = [message["thread"] for message in discord if message["channel"] == "brain-forum"]
    assert posts == [f"Brains · {day} Mar 2026" for day in ("Thu 5", "Fri 6", "Mon 9")]
    assert sorted(received.glob("*.eml"))
    assert len(sorted((shown.folder / "site").rglob("2026-*.md"))) == 9
    index = (shown.folder / "index.html").read_text(encoding="utf-8")
    assert "Slack" in index
    assert "<script" not in index.lower()


def test_a_second_demo_by_the_command_starts_afresh_and_touches_nothing_else(
    shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(shown.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["paperboy", "demo", "--output", str(tmp_path)])
    with pytest.raises(SystemExit) as leaving:
        main()
    assert leaving.value.code == 0
    assert f"Open {tmp_path}/index.html" in capsys.readouterr().out
    first, second = (
        json.loads((folder / "received" / "slack.json").read_text(encoding="utf-8"))
        for folder in (shown.folder, tmp_path)
    )
    assert len(first) == len(second)
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_hostile_titles_act_nowhere(shown: Shown) -> None:
    """Law 6: text from outside is hostile."""
    slack = (shown.folder / "received" / "slack.json").read_text(encoding="utf-8")
    assert "<!channel>" not in slack
    for path in (shown.folder / "received").glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert mail["Bcc"] is None
        html = mail.get_body(("html",))
        assert html is not None
        assert "<script" not in html.get_content()
    for page in (shown.folder / "site").rglob("*.md"):
        assert "<script" not in page.read_text(encoding="utf-8")


def test_no_model_and_no_service_is_needed(shown: Shown) -> None:
    """Law 9: the whole way, and nobody is asked but arXiv's and the channels' stand-ins on this machine."""
    assert shown.done
    assert shown.asked == {"127.0.0.1"}


def test_a_reader_signs_up_gets_the_latest_mailing_at_once_and_is_left_out_after_her_no(shown: Shown) -> None:
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted((shown.folder / "received").glob("*.eml"))
    ]
    hers = [mail["Subject"] for mail in mails if ADDRESS in str(mail["To"])]
    assert len(hers) == 3
    assert "Confirm" in hers[0]
    assert "The reader presses Unsubscribe: this mailing leaves her out." in shown.lines
    index = (shown.folder / "index.html").read_text(encoding="utf-8")
    assert "And answered by its readers" in index
    assert "You are unsubscribed" in index


def test_a_channel_in_discord_subscribes_itself_and_asks(shown: Shown) -> None:
    discord = json.loads((shown.folder / "received" / "discord.json").read_text(encoding="utf-8"))
    assert [message for message in discord if message["channel"] == "new-people"]
    index = (shown.folder / "index.html").read_text(encoding="utf-8")
    talk = index[index.index('id="conversation"') : index.index('id="answers"')]
    for said in ("Only members who may manage its channels", "This channel follows Brains now.", "Saved.", "@misc"):
        assert said in talk


def test_a_channel_in_slack_makes_a_topic_of_its_own_and_asks(shown: Shown) -> None:
    slack = json.loads((shown.folder / "received" / "slack.json").read_text(encoding="utf-8"))
    assert [message for message in slack if message["channel"] == "night-owls"]
    index = (shown.folder / "index.html").read_text(encoding="utf-8")
    talk = index[index.index('class="slack talk"') : index.index('class="discord talk"')]
    for said in (
        "Only the workspace&#39;s admins may change",
        "This channel follows night-owls now.",
        "a time of day is expected",
        "Saved.",
        "@misc",
    ):
        assert said in talk.replace("'", "&#39;")
