"""README and the pages beside the code keep their word: what they name exists, what they show to be copied works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import pytest
import yaml
from jinja2 import meta

from bot.channels import CHANNELS
from bot.channels.discord.options import DiscordOptions
from bot.channels.slack import SlackChannel, SlackOptions, SlackSettings
from bot.chat.answers import Answer, Part, ShownPaper
from bot.chat.discord.rendering import render as render_answer
from bot.chat.sentences import COMMAND
from bot.chat.slack.check import SCOPES
from bot.chat.slack.envelopes import WHY_DIALOG, WHY_SHORTCUT
from bot.chat.slack.rendering import message as slack_message
from bot.cli import COMMANDS
from bot.cli.errors import ExitCode
from bot.config import load
from bot.errors import ConfigError
from bot.model import Author, Digest, DigestEntry, Link, Match, Message, Note, Paper, Section, Topic
from bot.publish.assets import Assets
from bot.publish.html import SiteContext, render_web_page
from bot.publish.html_index import render_front
from bot.publish.markdown import TopicPage, render_index, render_page
from bot.report.preview import render_pages
from bot.text.environments import FILTERS
from bot.text.templates import Templates, built_in_folder
from bot.topics.matcher import Matcher
from bot.topics.query import parse
from tests.builders import MONDAY, digest, entry, paper, section
from tests.web.conftest import render_every_page, store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.store import Store

__all__ = ["store"]

ROOT = Path(__file__).parents[1]
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in (
        "README.md",
        "bot/README.md",
        "bot/topics/README.md",
        "bot/channels/README.md",
        "bot/chat/README.md",
        "bot/cli/README.md",
        "bot/web/README.md",
        "templates/README.md",
        "tests/README.md",
    )
}
README = PAGES["README.md"]
EVERYTHING = "\n".join(PAGES.values())
MOST_LINES = 240
"""Of README: what is longer is not read."""

TO_BE_WRITTEN = {"bot/channels/matrix.py", "templates/matrix/"}
"""What the reader who adds a channel is told to make."""

ENVIRON = {
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T000/B000/invented",
    "DISCORD_WEBHOOK_URL": "https://discord.com/api/webhooks/123456789012345678/invented",
    "MATTERMOST_WEBHOOK_URL": "https://chat.example.org/hooks/invented",
    "HEALTH_URL": "https://health.example.org/invented",
    "PAPERBOY_SECRET": "invented" * 4,
    **dict.fromkeys(("SLACK_BOT_TOKEN", "DISCORD_BOT_TOKEN", "GMAIL_APP_PASSWORD", "DB_PASSWORD"), "invented"),
    "SLACK_APP_TOKEN": "xapp-invented",
}


@dataclass(frozen=True)
class Block:
    """A code block: the words behind its fence, and its text without the indent that a list gives it."""

    language: str
    tag: str
    text: str


def _blocks() -> Iterator[Block]:
    for found in re.finditer(r"(?ms)^( *)```([a-z]*) ?(\S*)\n(.*?)^\1```$", EVERYTHING):
        indent, language, tag, text = found.groups()
        yield Block(language, tag, re.sub(rf"(?m)^{indent}", "", text))


BLOCKS = tuple(_blocks())
PROSE = {name: re.sub(r"(?ms)^( *)```.*?^\1```$", "", text) for name, text in PAGES.items()}
ALL_PROSE = "\n".join(PROSE.values())
every_page = pytest.mark.parametrize("page", PAGES)


def blocks(language: str, tag: str = "") -> list[str]:
    return [block.text for block in BLOCKS if (block.language, block.tag) == (language, tag)]


def rows(first: str, page: str | None = None) -> list[list[str]]:
    """The cells of the table that has that first heading, on that page or, if it stands on one alone, on any."""
    lines = (PAGES[page] if page else EVERYTHING).split(f"\n| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_code_block_is_found() -> None:
    assert len(BLOCKS) * 2 == len(re.findall(r"(?m)^ *```", EVERYTHING))
    assert {block.tag for block in BLOCKS if block.language == "yaml"} == {
        "config",
        "manifest",
        "part",
        "store",
        "workflow",
    }


# -- what is named exists ----------------------------------------------------------------------------------------


def _anchors(page: str, level: str) -> list[str]:
    headings = re.findall(rf"(?m)^{level} (.+)$", PROSE[page])
    return ["#" + re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= MOST_LINES


@every_page
def test_the_table_of_contents_has_every_section_in_its_order(page: str) -> None:
    contents = PROSE[page].partition("\n## ")[0]
    listed = re.findall(r"\]\((#[^)]+)\)", contents)
    assert [anchor for anchor in listed if anchor in _anchors(page, "##")] == _anchors(page, "##")


def test_every_page_is_linked_from_readme() -> None:
    linked = {target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", PROSE["README.md"])}
    assert set(PAGES) - {"README.md"} <= linked


def test_every_exit_code_is_listed() -> None:
    assert [int(row[0]) for row in rows("code")] == sorted(ExitCode)


@every_page
def test_every_link_leads_somewhere(page: str) -> None:
    targets = set(re.findall(r"\]\(([^)]+)\)", PROSE[page]))
    inside = {target for target in targets if not target.startswith("https://")}
    assert inside
    assert not {target for target in inside if not _leads_somewhere(page, *target.split("#", 1))}


def _leads_somewhere(page: str, path: str, anchor: str = "") -> bool:
    file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
    if not anchor:
        return file.exists()
    return f"#{anchor}" in _anchors(str(file.relative_to(ROOT)), "#+")


def test_every_file_that_is_named_exists() -> None:
    files = set(re.findall(r"`((?:bot|templates|tests)/[\w./-]*)`", ALL_PROSE)) - TO_BE_WRITTEN
    assert files
    assert not {file for file in files if not (ROOT / file).exists()}


def test_every_test_that_is_named_exists() -> None:
    tests = set(re.findall(r"`(test_\w+)`", ALL_PROSE))
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    assert len(tests) > 20
    assert tests <= set(re.findall(r"def (test_\w+)\(", code))


def _commands() -> dict[str, Any]:
    nested = {
        f"{name} {inner}": command.load(inner, name)
        for name, group in COMMANDS.items()
        for inner, command in group.commands.items()
    }
    return {**{name: command.load(name) for name, command in COMMANDS.items()}, **nested}


def test_every_command_that_is_named_exists() -> None:
    found = re.findall(r"(?<!/)\bpaperboy ([a-z]+)(?: (list|show|retry|drop))?", EVERYTHING)
    said = {f"{name} {inner}".strip() for name, inner in found}
    assert said <= set(_commands())


def test_every_option_in_the_table_of_commands_is_one() -> None:
    commands = _commands()
    table = {named(row[0])[0].removeprefix("paperboy ") for row in rows("command", "bot/cli/README.md")}
    described = set()
    for usage in table:
        name = " ".join(word for word in usage.split()[:2] if word.islower() and word.isalpha())
        described.add(name)
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", usage)) <= options, usage
    assert described == {name for name, command in commands.items() if not hasattr(command, "commands")}


# -- configurations ----------------------------------------------------------------------------------------------

BASE: Mapping[str, Any] = {
    "contact": "you@your-lab.edu",
    "topics": {"mllm": {"categories": ["cs.CV"], "keywords": ["VLM"]}},
    "channels": {"slack": {"token": "${SLACK_BOT_TOKEN}"}},
}


def _merged(base: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: _merged(base[key], part[key]) for key in base.keys() & part.keys() if isinstance(base[key], dict)}
    return {**base, **part, **both}


def test_the_first_config_loads(tmp_path: Path) -> None:
    (config,) = blocks("yaml", "config")
    path = tmp_path / "config.yaml"
    path.write_text(config, encoding="utf-8")
    assert set(load(path, ENVIRON).subscribers) == {"vision-lab", "lab-hook"}


@pytest.mark.parametrize("part", [*blocks("yaml", "part"), *blocks("yaml", "store")])
def test_every_part_of_a_config_loads(part: str, tmp_path: Path) -> None:
    (tmp_path / "my-templates").mkdir()
    path = tmp_path / "config.yaml"
    # As texts: YAML 1.1 would make a truth of `on` and a number of an hour.
    path.write_text(yaml.safe_dump(_merged(BASE, yaml.load(part, yaml.BaseLoader))), encoding="utf-8")
    assert load(path, ENVIRON).topics


def test_what_a_wrong_config_is_answered_with_is_what_it_says(tmp_path: Path) -> None:
    (config,) = blocks("yaml", "config")
    path = tmp_path / "config.yaml"
    wrong = (
        config.replace("[cs.CV,", "[cs.CVV,").replace("thread: true", "").replace("topics: [mllm],", "topics: [mlm],")
    )
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(path, ENVIRON)
    (answer,) = [text for text in blocks("") if text.startswith("The configuration")]
    told = [f"  config.yaml:{p.line}: {p.path}: {p.message}" for p in error.value.problems]
    assert told == answer.splitlines()[1:]


# -- topics ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("keyword", "text", "found"), rows("keyword"))
def test_words_are_found_as_it_says(keyword: str, text: str, found: str) -> None:
    topic = Topic("t", "T", ("cs.CV",), keywords=tuple(named(keyword)))
    claimed = bool(Matcher([topic]).match(paper(title=named(text)[0], abstract="")))
    assert claimed is found.startswith("yes")


@pytest.mark.parametrize(("author", "name", "found"), rows("author"))
def test_authors_are_found_as_it_says(author: str, name: str, found: str) -> None:
    topic = Topic("t", "T", ("cs.CV",), authors=tuple(named(author)))
    claimed = bool(Matcher([topic]).match(replace(paper(), authors=(Author(named(name)[0]),))))
    assert claimed is found.startswith("yes")


@pytest.mark.parametrize("query", [query for row in rows("write") for query in named(row[0])])
def test_every_query_parses(query: str) -> None:
    parse(query)


# -- channels and templates --------------------------------------------------------------------------------------


def test_the_slack_manifest_asks_for_what_the_code_speaks_of_and_no_more() -> None:
    manifest, _ = map(yaml.safe_load, blocks("yaml", "manifest"))
    assert set(manifest) == {"display_information", "features", "oauth_config", "settings"}
    assert manifest["features"]["bot_user"]["display_name"]
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    code = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "bot/channels/slack").glob("*.py")))
    assert scopes[0] == "chat:write"
    assert all(scope in code for scope in scopes)
    assert not any(manifest["settings"].values())


def test_the_manifest_for_the_chat_asks_for_what_is_checked_and_listens_to_what_is_heard() -> None:
    posting, chatting = map(yaml.safe_load, blocks("yaml", "manifest"))
    scopes = chatting["oauth_config"]["scopes"]["bot"]
    assert set(posting["oauth_config"]["scopes"]["bot"]) < set(scopes)
    assert set(SCOPES) <= set(scopes)
    assert [each["callback_id"] for each in chatting["features"]["shortcuts"]] == [WHY_SHORTCUT, WHY_DIALOG]
    assert chatting["features"]["slash_commands"][0]["command"] == COMMAND
    assert chatting["settings"]["socket_mode_enabled"]
    assert chatting["settings"]["interactivity"]["is_enabled"]
    assert chatting["settings"]["event_subscriptions"]["bot_events"] == ["app_home_opened"]


def test_the_changed_template_renders(tmp_path: Path) -> None:
    (block,) = [block for block in BLOCKS if block.language == "jinja"]
    file = tmp_path / block.tag
    file.parent.mkdir()
    file.write_text(block.text, encoding="utf-8")
    channel = SlackChannel(SlackSettings(), Templates(tmp_path), contact="")
    shown = str([dict(m.payload) for m in channel.render(digest(), max_messages=10, options=SlackOptions())])
    assert f"`{paper().identifier}` *<" in shown
    assert paper().abstract not in shown


def test_every_template_is_listed_with_all_that_it_uses() -> None:
    listed, partial = _listed()
    used = {name: _used(name) for name in _templates() if _plain(name) not in partial}
    assert {_plain(name) for name in used} == {name for names in listed for name in names}
    for name, variables in used.items():
        assert variables <= next(given for names, given in listed.items() if _plain(name) in names), name


def test_every_template_is_given_all_that_is_listed(store: Store) -> None:
    given = _rendered(store)
    for names, variables in _listed()[0].items():
        assert variables <= set().union(*(given[name] for name in names)), names


@pytest.mark.parametrize("kind", [DigestEntry, Paper, Match, Section, Digest])
def test_all_that_a_value_has_is_listed(kind: type) -> None:
    name = "entry" if kind is DigestEntry else kind.__name__.lower()
    (told,) = re.findall(rf"`{name}` has\s+((?:(?:,|,? and)?\s*`\w+`(?: \([^)]*\))?)+)", ALL_PROSE)
    has = {attribute for attribute in dir(kind) if not attribute.startswith("_")}
    assert set(named(re.sub(r"\([^)]*\)", "", told))) == has


def _listed() -> tuple[dict[tuple[str, ...], set[str]], set[str]]:
    """The table's templates with their variables (without what is in those), and the templates that are included."""
    listed, partial = {}, set()
    for names, words in rows("template"):
        told = {word for word in named(re.sub(r"\([^)]*\)", "", words)) if word != "mail/subject"}
        if names == "included by others":
            partial = told
        else:
            listed[tuple(named(names))] = told
    return listed, partial


def _rendered(store: Store) -> dict[str, set[str]]:
    """All that the channels, the site and the pages for readers give to each template."""
    seen: dict[str, set[str]] = {}

    class Recording(Templates):
        def render(self, name: str, **values: object) -> str:
            seen.setdefault(_plain(name), set()).update(values)
            return super().render(name, **values)

    many = digest([section([entry(paper(f"2604.{n:05}"))], topic=f"topic-{n}", title="T" * 80) for n in range(300)])
    page = Link("2026-04-20", "https://lab.example/topic/2026-04-20.html")
    many = replace(many, sections=tuple(replace(each, pages=(page,)) for each in many.sections))
    for name, kind in CHANNELS.items():
        channel = kind(kind.Settings(), Recording(), contact="")
        for most in (2, 200):
            chosen: dict[str, list[Any]] = {
                "slack": [SlackOptions(thread=True)],
                "discord": [DiscordOptions(forum=True), DiscordOptions(thread=True)],
            }
            for options in chosen.get(name, [kind.Options()]):
                channel.render(many, max_messages=most, options=options)
        channel.render_note(Note("A title", "A text"))
    topic = Topic("t", "T", ("cs.CV",))
    render_page(TopicPage(topic, MONDAY, (entry(),)), Recording())
    render_index({topic: {MONDAY: 1}}, Recording())
    site = SiteContext(Assets.find(Recording()).names)
    render_web_page(TopicPage(topic, MONDAY, (entry(),)), site, Recording())
    render_front({topic: {MONDAY: 1}}, {topic: [entry()]}, site, Recording(), mark="")
    render_answer(Answer("A sentence", (Part("A heading"),)), Recording())
    render_pages("slack", [Message({"text": "A text"})], "lab", Recording())
    render_pages("discord", [Message({"content": "A text"})], "lab", Recording())
    render_every_page(store, Recording())
    slack_message(Recording(), Answer("A sentence.", (Part("Heading", ("line",), (ShownPaper(paper()),), 1),) * 60))
    return seen


def _templates() -> list[str]:
    return sorted(str(path.relative_to(built_in_folder())) for path in built_in_folder().rglob("*.j2"))


def _plain(name: str) -> str:
    return name.split(".", 1)[0]


def _used(name: str) -> set[str]:
    environment = jinja2.Environment(autoescape=True)
    environment.filters.update(FILTERS)
    tree = environment.parse((built_in_folder() / name).read_text(encoding="utf-8"))
    included = (_used(other) for other in meta.find_referenced_templates(tree) if other)
    return meta.find_undeclared_variables(tree).union(*included)


def test_every_filter_is_listed_with_an_example_that_works() -> None:
    examples = {named(row[0])[0].replace("\\|", "|"): row[1] for row in rows("filter")}
    assert set(FILTERS) <= {found for example in examples for found in re.findall(r"\| (\w+)", example)}


# -- cron, GitHub Actions, systemd -------------------------------------------------------------------------------


def test_every_cron_line_has_five_fields_in_range() -> None:
    (crontab,) = blocks("cron")
    (workflow,) = blocks("yaml", "workflow")
    lines = [line.split("  ")[0] for line in crontab.splitlines()] + re.findall(r'cron: "([^"]+)"', workflow)
    ranges = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    for line in lines:
        for field, (least, most) in zip(line.split(), ranges, strict=True):
            assert re.fullmatch(r"(\*|\d+(-\d+)?)(/\d+)?", field), line
            assert all(least <= int(number) <= most for number in re.findall(r"\d+", field.split("/")[0])), line


def test_the_workflow_keeps_the_store_and_pins_its_actions() -> None:
    (workflow,) = (yaml.load(text, yaml.BaseLoader) for text in blocks("yaml", "workflow"))
    steps = workflow["jobs"]["once"]["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    restore, save = (step["with"] for step in steps if step.get("uses", "").startswith("actions/cache/"))
    assert all(re.fullmatch(r"actions/[a-z/-]+@v\d+", action) for action in used)
    assert (restore["path"], restore["key"]) == (save["path"], save["key"])
    assert restore["key"].startswith(restore["restore-keys"])
    secrets = [step for step in steps if "secrets." in str(step)]
    assert all("secrets." not in step["run"] for step in secrets)
    assert "schedule" in workflow["on"]


needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here to ask about the unit"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that is here in place of the one that will be."""
    (text,) = blocks("ini", "unit")
    program = tmp_path / "paperboy"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    file = tmp_path / "paperboy.service"
    file.write_text(text.replace("/opt/paperboy/.venv/bin/paperboy", str(program)), encoding="utf-8")
    return file


def _ask_systemd(*arguments: str) -> str:
    environ = {**os.environ, "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    asked = ["systemd-analyze", *arguments]
    done = subprocess.run(asked, env=environ, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@needs_systemd
def test_systemd_accepts_the_unit_without_a_word(unit: Path) -> None:
    assert not _ask_systemd("verify", "--man=no", str(unit))


@needs_systemd
def test_systemd_rates_the_unit_as_it_says(unit: Path) -> None:
    version, rating = re.findall(r"of systemd (\d+) rates its exposure\s+\*\*([\d.]+ OK)\*\*", ALL_PROSE)[0]
    answer = _ask_systemd("security", "--offline=true", str(unit))
    (found,) = re.findall(r"Overall exposure level for paperboy.service: ([\d.]+ \w+)", answer)
    # Another version may ask other questions; the word has to stay.
    assert found == rating or (found.endswith(" OK") and f"systemd {version} " not in _ask_systemd("--version"))


def test_the_unit_lets_paperboy_see_whether_a_claim_s_owner_lives() -> None:
    (text,) = blocks("ini", "unit")
    assert not re.search(r"(?m)^(ProtectProc|ProcSubset|PrivatePIDs)=", text)
