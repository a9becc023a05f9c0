"""The faults that people met, as ../shared/data/cases describes them, which is not part of the repository."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.mail.check import check_relay
from bot.channels.mail.errors import RelayError
from bot.channels.mail.settings import MailSettings
from bot.channels.mail.smtp import SmtpPool
from bot.errors import FailureKind
from bot.model import DeliveryState
from tests.builders import paper
from tests.channels.mail.test_check import ALICE, BOB
from tests.channels.relays import ScriptedSmtp
from tests.world import TUESDAY, Environment, morning

CASES = Path(__file__).parents[1].parent / "shared" / "data" / "cases"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CASES.is_dir(), reason="../shared/data/cases is not here"),
]


def cases(number: str) -> list[dict[str, Any]]:
    found = sorted(CASES.glob(f"{number}-*.json"))
    return list(json.loads(found[0].read_text(encoding="utf-8")).get("cases", [])) if found else []


def code_of(case: dict[str, Any]) -> str:
    return next(str(case[key]) for key in ("dot", "code", "RCPT", "EHLO") if key in case)


async def states(environment: Environment) -> set[DeliveryState]:
    async with environment.app() as app:
        return {record.state for record in app.store.queries.all()}


@pytest.mark.parametrize("case", cases("01"), ids=code_of)
async def test_01_what_a_relay_says_after_the_dot(environment: Environment, case: dict[str, Any]) -> None:
    environment.config["subscribers"] = {
        name: {"mail": f"{name}@example.org", "topics": ["birds"]} for name in ("alice", "bob")
    }
    environment.announce(TUESDAY, paper())
    environment.mail.script["."].extend([case["dot"]] * 50)
    for hour in (6, 8):
        await environment.once(morning(TUESDAY, hour))
    environment.mail.script["."].clear()
    for hour in (10, 14, 16):
        await environment.once(morning(TUESDAY, hour))
    if "dead" in case["right"]:
        assert await states(environment) == {DeliveryState.DEAD}
    else:
        assert len(environment.mail.messages) == 2
        assert await states(environment) == {DeliveryState.SENT}


@pytest.mark.parametrize("case", cases("02"), ids=code_of)
async def test_02_a_reply_that_slack_refuses_for_ever(environment: Environment, case: dict[str, Any]) -> None:
    environment.config["subscribers"] = {
        "lab": {"slack": "C0123456789", "topics": ["birds"], "thread": True},
        "boss": {"mail": "boss@example.org", "topics": ["birds"]},
    }
    environment.config["operator"] = "boss"
    environment.slack.refuses = lambda post: case["code"] if post.get("thread_ts") and "Pigeon 0" in str(post) else ""
    for days in (0, 1, 2, 3, 6, 7, 8):
        day = TUESDAY + timedelta(days=days)
        environment.announce(day, paper(f"2604.{days + 1:05}", title=f"Pigeon {days}"))
        for hour in (6, 8, 12):
            await environment.once(morning(day, hour))
    assert "Pigeon 8" in environment.slack_text()
    if "thread" in case["code"]:
        assert DeliveryState.DEAD not in await states(environment)
        assert any(
            "Pigeon 0" in str(message.blocks) and not message.thread_ts for message in environment.slack.messages
        )
    else:
        assert await states(environment) == {DeliveryState.DEAD, DeliveryState.SENT}
        assert any(case["code"] in mail.data.decode() for mail in environment.mail.messages)


@pytest.mark.parametrize(
    "reply",
    re.findall(r"\b45\d \d\.\d\.\d", (CASES / "03-operator-never-hears.json").read_text()) if CASES.is_dir() else [],
)
async def test_03_the_operator_hears_once_a_day_of_what_fails(environment: Environment, reply: str) -> None:
    environment.config["subscribers"] = {
        "alice": {"mail": "alice@example.org", "topics": ["birds"]},
        "boss": {"slack": "C0123456789", "topics": ["none"]},
    }
    environment.config["topics"]["none"] = {"title": "None", "categories": ["cs.CV"], "keywords": ["walrus"]}
    environment.config["operator"] = "boss"
    environment.mail.bounces["alice@example.org"] = (
        f"{reply} helo refused" if reply.startswith("450") else f"{reply} no"
    )
    notes = []
    for days in (0, 1, 2, 3, 6, 7, 8):
        day = TUESDAY + timedelta(days=days)
        environment.announce(day, paper(f"2604.{days + 1:05}", title=f"Pigeon {days}"))
        before = len(environment.slack.messages)
        await environment.once(morning(day))
        notes.append([message.text for message in environment.slack.messages[before:]])
    assert [len(each) for each in notes] == [0, 1, 1, 1, 1, 1, 1]
    assert all("alice" in text for each in notes for text in each)
    async with environment.app() as app:
        status = app.reporter.status(morning(TUESDAY + timedelta(days=8), 23))
    assert [each.subscriber for each in status.failing] == ["alice"]


@pytest.mark.parametrize("case", cases("08"), ids=code_of)
async def test_08_our_greeting_or_sender_is_refused(case: dict[str, Any]) -> None:
    replies = {key: text for key, text in case.items() if key in ("EHLO", "HELO", "RCPT")}
    async with ScriptedSmtp(**replies) as relay:
        settings = MailSettings(relay.host, relay.port)
        pool = SmtpPool(settings)
        if "EHLO" in case:
            await pool.send("paperboy@example.org", "alice@example.org", b"Subject: Hi\r\n\r\nHello\r\n")
            assert [line.split(" ")[0] for line in relay.asked[:2]] == ["EHLO", "HELO"]
        else:
            with pytest.raises(RelayError) as caught:
                await pool.send("paperboy@example.org", "alice@example.org", b"Subject: Hi\r\n\r\nHello\r\n")
            setting = re.search(r"channels\.mail\.\w+", case["right"])
            assert setting is not None
            assert caught.value.kind is FailureKind.CREDENTIAL
            assert setting.group() in caught.value.reason
            wrong = [result.setting async for result in check_relay(settings, (ALICE, BOB)) if not result.ok]
            assert wrong == [setting.group()]
        await pool.aclose()
