"""What `check` says of a file that loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.config import load
from bot.config.notices import notices
from bot.errors import Problem

if TYPE_CHECKING:
    from pathlib import Path

IN_CLEAR = """contact: ada@uni.example.edu
store: postgresql://bot:feather@db/papers
health_url: https://hc.example.org/feather-1
topics: {birds: {categories: [cs.CV]}}
channels:
  slack: {token: "xoxb-feather"}
  mail: {username: bot, password: "feather-2"}
chat: {slack: {app_token: "xapp-feather"}}
subscribers:
  loft: {slack: C0123456789, topics: [birds], interest: {zotero: {user: 1, key: "feather-3"}}}
  hook: {discord: "https://discord.com/api/webhooks/123456789012345678/feather", topics: [birds]}
  nest: {mail: bo@uni.example.edu, topics: [birds]}
"""
REFERENCES = {
    "NEST_STORE": "postgresql://bot:feather@db/papers",
    "NEST_HEALTH": "https://hc.example.org/feather-1",
    "NEST_TOKEN": "xoxb-feather",
    "NEST_BOX": "feather-2",
    "NEST_APP": "xapp-feather",
    "NEST_LIBRARY": "feather-3",
    "NEST_HOOK": "https://discord.com/api/webhooks/123456789012345678/feather",
}


def told(folder: Path, text: str, mode: int = 0o600) -> tuple[Problem, ...]:
    file = folder / "config.yaml"
    file.write_text(text)
    file.chmod(mode)
    return notices(file, load(file, REFERENCES))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_every_secret_in_a_file_that_others_can_read_is_named_and_not_shown(tmp_path: Path, mode: int) -> None:
    found = told(tmp_path, IN_CLEAR, mode)
    assert [(problem.line, problem.path) for problem in found] == [
        (6, "channels.slack.token"),
        (7, "channels.mail.password"),
        (10, "subscribers.loft.interest.zotero.key"),
        (11, "subscribers.hook.discord"),
        (8, "chat.slack.app_token"),
        (3, "health_url"),
        (2, "store"),
    ]
    assert {problem.message.partition(":")[0] for problem in found} == {
        "is a secret in a file that others on this machine can read"
    }
    assert "feather" not in str(found)


def test_secrets_in_a_file_that_nobody_else_can_read_are_nobody_else_s_business(tmp_path: Path) -> None:
    assert told(tmp_path, IN_CLEAR) == ()


def test_what_stands_in_the_environment_is_not_in_the_file(tmp_path: Path) -> None:
    text = IN_CLEAR
    for name, value in REFERENCES.items():
        text = text.replace(value, f"${{{name}}}")
    assert told(tmp_path, text, 0o644) == ()


def test_a_value_that_yaml_takes_for_a_comment_is_told_with_its_line(tmp_path: Path) -> None:
    text = """contact: ada@uni.example.edu
topics:
  birds:
    title: #Birds
    categories: [cs.CV]
    limit: # as many as there are
operator:
site: {}
"""
    expected = "has no value: # begins a comment, so put the text in quotes"
    assert told(tmp_path, text) == (Problem("topics.birds.title", expected, 4),)
