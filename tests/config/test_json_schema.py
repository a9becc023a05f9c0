"""The schema for editors: kept in step with the settings, and never stricter than what loads."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from bot.config import json_schema as module
from bot.config.json_schema import schema
from tests.config.test_config import EXAMPLE, uncommented

if TYPE_CHECKING:
    from collections.abc import Callable

    Complaints = Callable[[str], list[str]]

ROOT = Path(__file__).parents[2]
SHIPPED = Path(module.__file__).with_name("schema.json")
TOPICS = "contact: a@b.example\ntopics: {birds: {categories: [cs.CV]}}\n"


class Editor(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it: `on` is a word, and 08:00 is no number."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own interface


for tag, pattern, first in (
    ("bool", "true|false", "tf"),
    ("null", "null|~|", ["n", "~", ""]),
    ("int", "-?[0-9]+", "-0123456789"),
    ("float", r"-?[0-9]+\.[0-9]+", "-0123456789"),
    ("merge", "<<", "<"),
):
    Editor.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), list(first))


@pytest.fixture(scope="module")
def complaints() -> Complaints:
    """What an editor marks in a text, each with its place."""
    validator = pytest.importorskip("jsonschema").Draft7Validator(schema())
    return lambda text: [error.json_path for error in validator.iter_errors(yaml.load(text, Editor))]


def test_the_shipped_schema_is_what_the_settings_say_today() -> None:
    made = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("PAPERBOY_REWRITE_GOLDEN"):
        SHIPPED.write_text(made, encoding="utf-8")
    assert SHIPPED.read_text(encoding="utf-8") == made, "settings changed: run with PAPERBOY_REWRITE_GOLDEN=1"


def test_it_is_a_schema() -> None:
    pytest.importorskip("jsonschema").Draft7Validator.check_schema(schema())


def test_the_example_names_it_and_keeps_to_it(complaints: Complaints) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    named = re.search(r"^# yaml-language-server: \$schema=(\S+)$", text, re.MULTILINE)
    assert named
    assert (ROOT / named[1]).samefile(SHIPPED)
    assert complaints(text) == []


def test_the_example_with_everything_in_it_keeps_to_it(complaints: Complaints) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    whole = uncommented(text).replace("    query:", "    # query:")
    assert "seminar" in str(yaml.load(whole, Editor)["subscribers"])
    assert complaints(whole) == []


def test_so_does_a_file_with_every_setting_in_another_notation(complaints: Complaints) -> None:
    assert complaints((ROOT / "tests/data/config/everything.yaml").read_text()) == []


@pytest.mark.parametrize(
    "fragment",
    [
        "subscribers:",
        "arxiv: {seconds_between_requests: '${PAUSE}', alert_after:}",
        "channels: {mail: {port: '${PORT}', security: '${HOW}', password: 1234}}",
        "subscribers: {a: {mail: [a@b.example], topics: [birds], at: 8:00, on: ['${DAY}', mon]}}",
        "subscribers: {a: {discord: 123456789012345678, topics: [birds], paused: true}}",
        "site: {url: '${URL}', repository: a/b}",
        "timezone: Etc/GMT-2",
        "keep_days: '30'",
        "arxiv: {seconds_between_requests: '3.5'}",
        "subscribers: {a: {mail: a@b.example, topics: [birds], at: 8:00, on: [Mon, SUN], paused: yes}}",
    ],
)
def test_what_loads_is_not_marked(complaints: Complaints, fragment: str) -> None:
    assert complaints(TOPICS + fragment) == []


@pytest.mark.parametrize(
    ("fragment", "place"),
    [
        ("topic: {}", "$"),
        ("keep_days: many", "$.keep_days"),
        ("keep_days: 99999999", "$.keep_days"),
        ("store: papers.db", "$.store"),
        ("arxiv: {alert_after: 12}", "$.arxiv.alert_after"),
        ("arxiv: {rss_url: rss}", "$.arxiv.rss_url"),
        ("channels: {mail: {security: ssl}}", "$.channels.mail.security"),
        ("channels: {mail: {hots: a}}", "$.channels.mail"),
        ("channels: {pigeon: {}}", "$.channels"),
        ("subscribers: {a: {topics: [birds]}}", "$.subscribers.a"),
        ("subscribers: {a: {mail: a@b.example, slack: C0123456789, topics: [birds]}}", "$.subscribers.a"),
        ("subscribers: {a: {mail: a@b.example, topics: [birds], thread: true}}", "$.subscribers.a"),
        ("subscribers: {a: {mail: a@b.example, topics: [birds], on: [mon]}}", "$.subscribers.a"),
        ("subscribers: {a: {mail: a@b.example, topics: [birds], at: 8am}}", "$.subscribers.a.at"),
        ("subscribers: {a: {mail: a@b.example, topics: [birds], at: 8:00, on: [may]}}", "$.subscribers.a.on"),
        ("subscribers: {a: {mail: a@b.example, topics: birds}}", "$.subscribers.a.topics"),
        ("subscribers: {a b: {mail: a@b.example, topics: [birds]}}", "$.subscribers"),
        ("site: {repository: papers}", "$.site.repository"),
        ("chat: {slack: {who: everyone}}", "$.chat.slack"),
        ("chat: {discord: {who: admins}}", "$.chat.discord.who"),
    ],
)
def test_what_is_wrong_is_marked_where_it_stands(complaints: Complaints, fragment: str, place: str) -> None:
    assert complaints(TOPICS + fragment) == [place]


@pytest.mark.parametrize("missing", ["contact: a@b.example", "topics: {birds: {categories: [cs.CV]}}", "topics: {}"])
def test_what_every_configuration_needs_is_required(complaints: Complaints, missing: str) -> None:
    assert complaints(missing)


def test_what_a_field_is_for_is_told() -> None:
    told = schema()["properties"]["channels"]["properties"]["slack"]["properties"]["token"]["description"]
    assert told == "A bot token, `xoxb-...`, with the scope chat:write."
