"""Whole conversations in Discord as golden files: what somebody chooses, types or clicks, and what they alone read.

`PAPERBOY_REWRITE_GOLDEN=1` writes the answers under the lines that begin with `ada in channel>` and the like.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.chat.commands import COMMANDS
from bot.chat.discord.rendering import BAD
from bot.demo.servers.discord_interactions import DEFERRED
from tests.chat.discord.conftest import ADA, BO, CHANNEL, FORUM, LAB, THREAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.demo.servers.discord_interactions import Interaction
    from tests.chat.discord.conftest import Guild

FOLDER = Path(__file__).parents[2] / "data/chat/discord"
GOLDEN = {file.stem: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.txt")}
SAID = re.compile(r"^(?P<who>ada|bo) (?:in )?(?P<where>channel|lab|thread|direct)(?P<act>>|!|\?) ?(?P<line>.*)$")
PEOPLE = {"ada": ADA, "bo": BO}
PLACES = {"channel": CHANNEL, "lab": LAB, "thread": THREAD, "forum": FORUM}


async def asked_in(guild: Guild, found: re.Match[str]) -> Interaction:
    """`>` a command and its options, `!` a click on a button."""
    person = PEOPLE[found["who"]]
    where = found["who"] if found["where"] == "direct" else PLACES[found["where"]]
    if found["act"] == "!":
        return await guild.click(person, found["line"], where)
    command, *options = shlex.split(found["line"])
    return await guild.ask(person, command, where, **dict(option.split("=", 1) for option in options))


async def completed(guild: Guild, found: re.Match[str]) -> Iterator[str]:
    """`?` what is offered while somebody types."""
    where = found["who"] if found["where"] == "direct" else PLACES[found["where"]]
    command, option = shlex.split(found["line"])
    name, _, typed = option.partition("=")
    offered = await guild.complete(PEOPLE[found["who"]], command, name, typed, where)
    return (f"    {shown} -> {sent}" for shown, sent in offered)


def shown(asked: Interaction) -> Iterator[str]:
    """What is read, and the buttons under it."""
    assert (asked.kind, asked.is_ephemeral, asked.errors) == (DEFERRED, True, [])
    for message in (asked.answer, *asked.followups):
        assert message["allowed_mentions"] == {"parse": []}
        assert message.get("flags", 0) & 1 << 6
        for embed in message["embeds"]:
            yield "  (refused)" if embed["color"] == BAD else "  (done)"
            yield from (f"    {line}".rstrip() for line in embed["description"].splitlines())
        for row in message.get("components", ()):
            yield "  " + " ".join(f"[{each['label']}: {each['custom_id']}]" for each in row["components"])


async def spoken(guild: Guild, text: str) -> str:
    """The conversation with the answers of today."""
    said = []
    for written in text.splitlines():
        if written.startswith("#"):
            said.append(written)
        if found := SAID.match(written.replace("KEY", _key(guild))):
            told = await completed(guild, found) if found["act"] == "?" else shown(await asked_in(guild, found))
            said += ["", written, *told]
    return re.sub(r"m-[0-9a-f]{16}", "m-KEY", "\n".join(said)) + "\n"


def _key(guild: Guild) -> str:
    """What stands for KEY: the newest self-service subscriber's."""
    with guild.service.context.store.snapshot() as view:
        keys = [member.key.removeprefix("m-") for member in view.members.all()]
    return keys[-1] if len(keys) == 1 else "KEY"


@pytest.mark.parametrize("name", sorted(GOLDEN))
async def test_a_conversation_goes_as_it_is_written(guild: Guild, name: str) -> None:
    golden = GOLDEN[name]
    now = await spoken(guild, golden)
    if os.environ.get("PAPERBOY_REWRITE_GOLDEN"):
        golden = written(name, now)
    assert now == golden


def written(name: str, text: str) -> str:
    (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
    return text


def test_every_command_is_in_a_conversation() -> None:
    spoken = {
        found["line"].split()[0] for text in GOLDEN.values() for found in map(SAID.match, text.splitlines()) if found
    }
    assert spoken >= set(COMMANDS)
