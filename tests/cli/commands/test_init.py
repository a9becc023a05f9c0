"""`paperboy init`: a few questions, each answer judged as it is typed, and a configuration that loads."""

from __future__ import annotations

import contextlib
import io
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot import config
from bot.cli.commands.init_file import configuration
from bot.config import load
from bot.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings import Settings
    from tests.cli.conftest import Answer, Terminal
    from tests.world import Environment

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T00000000/B00000000/x",
    "DISCORD_BOT_TOKEN": "x",
    "DISCORD_WEBHOOK_URL": "https://discord.com/api/webhooks/123456789012345678/x",
    "SMTP_PASSWORD": "x",
}
LINES = st.text(min_size=1).map(clean).filter(bool)
"""Whatever a line of answers can hold."""
ABOUT = ("me@uni.example", "cs.CV, cs.CL", "MLLM", "VLM, Vision Language Model")


class ManualActions:
    """Somebody who types these answers."""

    def __init__(self, paperboy: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._paperboy = paperboy
        self._monkeypatch = monkeypatch
        self.file = folder / "mine.yaml"

    async def __call__(self, *answers: str) -> Answer:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
        return await self._paperboy.raw("init", "--output", str(self.file))

    @property
    def settings(self) -> Settings:
        return load(self.file, SECRETS)


@pytest.fixture
def typing(paperboy: Terminal, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> ManualActions:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    return ManualActions(paperboy, environment.folder, monkeypatch)


async def test_pages_alone_take_five_answers_and_load(typing: ManualActions) -> None:
    answer = await typing(*ABOUT, "", "pages", "")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[-2].endswith(f"A number changes that answer [yes]: {typing.file} is written.")
    assert answer.out.splitlines()[-1] == (
        f"`paperboy check --config {typing.file}` tries it out, `paperboy once --config {typing.file}` runs it."
    )
    settings = typing.settings
    assert settings.contact == "me@uni.example"
    topic = settings.topics["mllm"]
    assert (topic.title, topic.categories) == ("MLLM", ("cs.CV", "cs.CL"))
    assert topic.keywords == ("VLM", "Vision Language Model")
    assert settings.site is not None
    assert settings.site.dir == typing.file.parent / "pages"
    assert settings.subscribers == {}


def test_its_first_line_leads_an_editor_to_the_schema() -> None:
    first = written(title="Birds").splitlines()[0]
    schema = Path(first.removeprefix("# yaml-language-server: $schema="))
    assert schema.is_absolute()
    assert schema.samefile(Path(config.__file__).with_name("schema.json"))


async def test_categories_are_read_back_by_their_names(typing: ManualActions) -> None:
    out = (await typing(ABOUT[0], "cs.CV, math.*", "T", "", "", "", "")).out
    assert "cs.CV    Computer Vision and Pattern Recognition" in out
    assert "and 25 more" in out


async def test_every_way_to_deliver_is_written_with_its_secret_named_and_never_written(typing: ManualActions) -> None:
    ways = "slack, slack-webhook, discord, discord-webhook, mail"
    chats = ("C0123456789", "123456789012345678")
    relay = ("smtp.uni.example", "tls", "", "me", "bot@uni.example")
    named = (chats[0], "", "", "", "", chats[1], "", "", "", "a@uni.example, b@uni.example", "")
    answer = await typing(*ABOUT, ways, *named, *relay, "08:00", "Asia/Tokyo", "-", "")
    assert answer.code == 0, answer.err
    settings = typing.settings
    assert list(settings.subscribers) == ["slack", "slack-webhook", "discord", "discord-webhook", "mail"]
    assert [len(subscriber.addresses) for subscriber in settings.subscribers.values()] == [1, 1, 1, 1, 2]
    assert {f"{s.at} {s.timezone}" for s in settings.subscribers.values()} == {"08:00:00 Asia/Tokyo"}
    mail = settings.channels["mail"]
    assert (mail.host, mail.port, mail.security, mail.username) == ("smtp.uni.example", 465, "tls", "me")
    assert settings.site is None
    for name in SECRETS:
        assert f"  {name}  " in answer.out
        assert f"${{{name}}}" in typing.file.read_text(encoding="utf-8")


async def test_a_wrong_answer_is_asked_for_again_with_the_reason(typing: ManualActions) -> None:
    answers = [
        *("nobody", "me@uni.example"),
        *("cs.CVV", ", ,", "cs.CV"),
        *(" ", "Birds"),
        *("pigeon, ?!", "pigeon"),
        *("slak, mail", "slack, discord, mail"),
        *("general", "C0123456789"),
        *("our lab", "lab"),
        *("perhaps", "n"),
        *("general", "123456789012345678"),
        *("lab", "group"),
        *("a@@b", "a@uni.example"),
        "",
        *("smtp.uni.example:25", "smtp.uni.example"),
        *("ssl", "STARTTLS"),
        *("99999", "25x", ""),
        "",
        *("nobody", "bot@example.org", "bot@uni.example"),
        *("at eight", "08:00"),
        *("Europe/Berln", "Europe/Berlin"),
        "",
        *("40", ""),
    ]
    answer = await typing(*answers)
    assert answer.code == 0, answer.err
    for reason in (
        "your mail address or a URL is expected",
        "unknown category cs.CVV: did you mean cs.CV?",
        "at least one is expected",
        "must not be empty",
        "says nothing to look for",
        "no such way 'slak': did you mean slack?",
        "a name that no other subscriber has is expected",
        "a name is made of letters, digits, - and _",
        "expected a channel's id such as C0123456789",
        "yes or no is expected",
        "a Discord channel's id",
        "a host's name alone is expected",
        "one of none, starttls, tls is expected",
        "a port is expected",
        "an example's address, which no relay takes",
        "a time of day is expected",
        "no such time zone: did you mean Europe/Berlin?",
        "yes, no, or a number from 1 to 20 is expected",
    ):
        assert f"Error: {reason}" in answer.out, reason
    assert answer.out.count("Error: ") == len(answers) - 21
    assert list(typing.settings.subscribers) == ["lab", "group", "mail"]
    assert typing.settings.channels["mail"].port == 587


async def test_a_relay_on_this_machine_needs_no_log_in(typing: ManualActions) -> None:
    await typing(*ABOUT, "mail", "a@uni.example", "", "", "", "", "", "", "", "")
    mail = typing.settings.channels["mail"]
    assert (mail.host, mail.port, mail.security, mail.username) == ("localhost", 25, "none", None)
    assert mail.sender == "me@uni.example"


async def test_a_page_as_contact_is_no_sender(typing: ManualActions) -> None:
    await typing(
        "https://uni.example/bot", *ABOUT[1:], "mail", "a@uni.example", "", "", "", "", "b@uni.example", "", "", ""
    )
    assert typing.settings.channels["mail"].sender == "b@uni.example"


@pytest.mark.parametrize("count", range(6))
async def test_answers_that_end_early_end_with_2_and_write_nothing(typing: ManualActions, count: int) -> None:
    answer = await typing(*[*ABOUT, "slack", "C0123456789"][:count])
    assert answer.code == 2
    assert answer.err.strip() == "The answers ended before the questions did: nothing was written."
    assert not typing.file.exists()


async def test_one_may_go_back_and_change_any_answer_before_it_is_written(typing: ManualActions) -> None:
    answer = await typing(
        *("b", "me@uni.example", "cs.CV", "b", "cs.CL; cs.AI", "Birds"),
        *("pigeon", "slack", "back", "b", "-", "discord", "123456789012345678", "", "8am", "Asia/Tokyo", "pages"),
        *("5", "discord, mail", "a@uni.example; b@uni.example", "team", "", "", "", "", "b", "site", "3", "", "yes"),
    )
    assert answer.code == 0, answer.err
    assert "This is the first question." in answer.out
    assert "What the topic is called [Birds]" in answer.out
    settings = typing.settings
    assert settings.topics["birds"].categories == ("cs.CL", "cs.AI")
    assert settings.topics["birds"].keywords == ()
    assert list(settings.subscribers) == ["discord", "team"]
    assert len(settings.subscribers["team"].addresses) == 2
    assert f"{settings.subscribers['team'].at} {settings.subscribers['team'].timezone}" == "08:00:00 Asia/Tokyo"
    assert settings.site is not None
    assert settings.site.dir == typing.file.parent / "site"


async def test_what_is_agreed_to_is_shown_before(typing: ManualActions) -> None:
    out = (await typing(*ABOUT, "slack", "C0123456789", "", "y", "8", "Asia/Tokyo", "-", "")).out
    shown = [" ".join(line.split()) for line in out.splitlines()]
    for line in (
        "1 contact me@uni.example",
        "2 categories cs.CV, cs.CL",
        "5 where to slack",
        "6 slack C0123456789",
        "8 thread yes",
        "9 hour 08:00",
        "11 pages none",
    ):
        assert line in shown
    assert typing.settings.subscribers["slack"].options.thread


async def test_who_says_no_has_nothing_written(typing: ManualActions) -> None:
    answer = await typing(*ABOUT, "", "", "no")
    assert (answer.code, answer.err) == (0, "")
    assert "Nothing was written." in answer.out
    assert not typing.file.exists()


@pytest.mark.parametrize(
    ("asked", "typed", "meant"),
    [
        ("slack", SECRETS["SLACK_WEBHOOK_URL"], "slack-webhook"),
        ("slack", SECRETS["DISCORD_WEBHOOK_URL"], "discord-webhook"),
        ("discord", SECRETS["DISCORD_WEBHOOK_URL"], "discord-webhook"),
        ("slack-webhook", "C0123456789", "slack"),
        ("discord-webhook", "123456789012345678", "discord"),
        ("slack", "a@uni.example", "mail"),
        ("mail", SECRETS["SLACK_WEBHOOK_URL"], "slack-webhook"),
    ],
)
async def test_an_address_of_another_kind_changes_what_is_asked_on_the_spot(
    typing: ManualActions, asked: str, typed: str, meant: str
) -> None:
    more = {"slack": 1, "mail": 4}.get(meant, 0)
    answer = await typing(*ABOUT, asked, typed, *("" for _ in range(more)), "", "", "", "")
    assert answer.code == 0, answer.err
    assert f"That is one for {meant}, which takes the place of {asked}." in answer.out
    assert list(typing.settings.subscribers) == [meant]
    assert "T00000000" not in typing.file.read_text(encoding="utf-8")


async def test_a_webhook_s_url_may_be_pasted_and_is_not_written(typing: ManualActions) -> None:
    answer = await typing(
        *ABOUT, "slack-webhook", "https://hooks.slack.com/services/T0/", SECRETS["SLACK_WEBHOOK_URL"], "", "", "", ""
    )
    assert "the webhook's URL is cut short" in answer.out
    assert "Such a URL is a secret, and is not written: put it into SLACK_WEBHOOK_URL." in answer.out
    assert list(typing.settings.subscribers) == ["slack-webhook"]
    assert "T00000000" not in typing.file.read_text(encoding="utf-8") + answer.out


async def test_two_of_one_kind_are_one_too_many(typing: ManualActions) -> None:
    pasted = SECRETS["SLACK_WEBHOOK_URL"]
    answer = await typing(*ABOUT, "slack, slack-webhook", pasted, "C0123456789", "", "", "", "", "", "", "")
    assert "Error: that is one for slack-webhook, which is asked for by itself" in answer.out
    assert list(typing.settings.subscribers) == ["slack", "slack-webhook"]


@pytest.mark.parametrize(
    ("said", "at"), [("8", "08:00:00"), ("8am", "08:00:00"), ("8:30 pm", "20:30:00"), ("20h", "20:00:00")]
)
async def test_an_hour_is_taken_as_people_say_it(typing: ManualActions, said: str, at: str) -> None:
    await typing(*ABOUT, "discord", "123456789012345678", "", said, "", "", "")
    assert str(typing.settings.subscribers["discord"].at) == at


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
async def test_whatever_comes_between_leaves_no_half_written_file(
    typing: ManualActions, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def interrupted(*_: object) -> None:
        assert typing.file.exists()
        raise error

    monkeypatch.setattr(config, "load", interrupted)
    with contextlib.suppress(error):
        await typing(*ABOUT, "", "", "")
    assert not typing.file.exists()


async def test_a_file_that_is_there_is_not_touched(typing: ManualActions) -> None:
    typing.file.write_text("mine", encoding="utf-8")
    answer = await typing(*ABOUT, "", "", "")
    assert answer.code == 2
    assert "is there already, and is not touched" in answer.err
    assert typing.file.read_text(encoding="utf-8") == "mine"


async def test_a_folder_that_is_not_there_is_said_before_anything_is_asked(
    typing: ManualActions, tmp_path: Path
) -> None:
    typing.file = tmp_path / "nowhere" / "mine.yaml"
    answer = await typing()
    assert (answer.code, answer.out) == (2, "")
    assert "there is no folder" in answer.err


async def test_a_file_that_cannot_be_written_is_said(typing: ManualActions, tmp_path: Path) -> None:
    typing.file.symlink_to(tmp_path / "nowhere")
    answer = await typing(*ABOUT, "", "", "")
    assert answer.code == 2
    assert "cannot be written: File exists" in answer.err


async def test_what_does_not_load_is_taken_away_again(typing: ManualActions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["bot.cli.commands.init_file"], "configuration", lambda _: "topics: {}\n")
    answer = await typing(*ABOUT, "", "", "")
    assert answer.code == 2
    assert "contact: is missing" in answer.err
    assert not typing.file.exists()


async def test_without_a_zone_s_name_the_machine_is_taken_for_utc(
    typing: ManualActions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "resolve", lambda self, **_: self)
    await typing(*ABOUT, "", "", "")
    assert typing.settings.timezone.key == "UTC"


# -- the test message --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("agreed", "tests"), [("y", 1), ("n", 0), (None, 0)])
async def test_with_all_secrets_set_a_test_is_offered_and_posted_if_somebody_agrees(
    typing: ManualActions, environment: Environment, monkeypatch: pytest.MonkeyPatch, agreed: str | None, tests: int
) -> None:
    sent: list[tuple[Path, bool]] = []
    monkeypatch.setattr(
        import_module("bot.cli.commands.init_file"), "check", lambda config, *, send: sent.append((config, send))
    )
    monkeypatch.setenv("SLACK_BOT_TOKEN", environment.slack.token)
    answer = await typing(*ABOUT, "slack", "C0123456789", "", "", "", "", "", *([agreed] if agreed else []))
    assert answer.code == 0
    assert "Post a test to every subscriber now (`check --send`)?" in answer.out
    assert "Set in the environment" not in answer.out
    assert sent == [(typing.file, True)] * tests


# -- what is written ---------------------------------------------------------------------------------------------


@given(LINES, st.lists(LINES, min_size=1))
def test_any_answer_is_one_value_and_nothing_more(title: str, keywords: list[str]) -> None:
    found = yaml.safe_load(written(title, keywords))
    assert (found["contact"], found["site"]["dir"]) == (title, title)
    assert found["topics"]["birds"]["keywords"] == keywords
    assert found["subscribers"]["a"]["slack"] == title


def written(title: str, keywords: Sequence[str] = ()) -> str:
    """A configuration that has the title wherever a text may stand."""
    return configuration(
        {
            "contact": title,
            "timezone": "UTC",
            "topic": "birds",
            "title": title,
            "categories": ["cs.CV"],
            "keywords": list(keywords),
            "choices": [],
            "subscribers": [("a", "slack", title)],
            "threads": [],
            "hour": "",
            "pages": title,
        }
    )
