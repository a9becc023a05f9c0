"""`paperboy preview --open`: the digest as its readers see it, in the browser that there is."""

from __future__ import annotations

import re
import webbrowser
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders import many_entries, paper
from tests.servers.arxiv import Answer as ArxivSays
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from tests.cli.conftest import Answer, Screen, Terminal


class Browser:
    """A program that notes which addresses it is given."""

    def __init__(self, folder: Path) -> None:
        self.program, self._log = folder / "browser", folder / "opened"
        self.program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {self._log}\n', encoding="utf-8")
        self.program.chmod(0o755)

    @property
    def opened(self) -> list[str]:
        return self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []

    def page(self, answer: Answer) -> str:
        """The one page that it was given last, and that the answer names."""
        assert (answer.code, answer.err) == (0, "")
        (file,) = map(Path, answer.out.splitlines())
        assert self.opened[-1] == file.as_uri()
        assert file.parent.stat().st_mode & 0o77 == 0
        return file.read_text(encoding="utf-8")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    found = Browser(tmp_path)
    monkeypatch.setenv("BROWSER", str(found.program))
    _forget_browsers(monkeypatch)
    return found


def _forget_browsers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module looks around once a process."""
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    monkeypatch.setattr(webbrowser, "_browsers", {})


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))


@pytest.fixture
async def collected(paperboy: Terminal, environment: Environment) -> Environment:
    environment.config["subscribers"] |= {
        "chat": {"discord": "123456789012345678", "topics": ["birds"]},
        "alice": {"mail": "alice@uni.example", "topics": ["birds"]},
    }
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper(title="Pigeons </section><script>alert(1)</script> Read"))
    await paperboy("once", "--no-deliver")
    return environment


class _Page(HTMLParser):
    """The text that a reader sees, and the tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_a_template_of_one_s_own_shows_the_preview_or_is_named_with_its_line(
    paperboy: Terminal, collected: Environment, fake: Browser
) -> None:
    collected.config["templates"] = "mine"
    own = collected.folder / "mine" / "preview" / "slack.html.j2"
    own.parent.mkdir(parents=True)
    own.write_text("<html>Mine, of {{ messages | length }} for {{ subscriber }}", encoding="utf-8")
    assert fake.page(await paperboy("preview", "lab", "--open")) == "<html>Mine, of 1 for lab"
    own.write_text("<html>\n{{ oops }}", encoding="utf-8")
    answer = await paperboy("preview", "lab", "--open")
    assert answer.code == 1
    assert "preview/slack.html.j2" in answer.err


@pytest.mark.parametrize(("name", "others"), [("lab", "discord"), ("chat", "slack")])
async def test_a_chat_is_shown_as_its_readers_see_it_and_alone(
    paperboy: Terminal, collected: Environment, fake: Browser, name: str, others: str
) -> None:
    page = fake.page(await paperboy("preview", name, "--open"))
    seen = _Page(page)
    assert "Pigeons </section><script>alert(1)</script> Read" in seen.text
    assert f"# {name}" in seen.text
    assert f"<title>Paperboy: What {name} would get</title>" in page
    assert "script" not in seen.tags
    assert f'class="window {others}"' not in page
    assert all(word not in seen.text for word in ("invented", "Nothing for this house", "Every morning, every house"))
    assert seen.tags.count("section") == 1
    assert collected.received() == {"slack": 0, "discord": 0, "mail": 0}


async def test_a_mail_is_shown_as_its_own_html(paperboy: Terminal, collected: Environment, fake: Browser) -> None:
    page = fake.page(await paperboy("preview", "alice", "--open"))
    assert page + "\n" == (await paperboy("preview", "alice", "--as", "html")).out
    del collected


async def test_any_digest_is_shown_as_another_channel_would_have_it(
    paperboy: Terminal, collected: Environment, fake: Browser
) -> None:
    assert "<html" in fake.page(await paperboy("preview", "lab", "--as", "html", "--open"))
    assert 'class="window slack"' in fake.page(await paperboy("preview", "chat", "--as", "slack", "--open"))
    assert 'class="window discord"' in fake.page(await paperboy("preview", "alice", "--as", "discord", "--open"))
    del collected


async def test_of_several_mails_the_first_is_opened_and_all_are_named(
    paperboy: Terminal, collected: Environment, fake: Browser
) -> None:
    collected.announce(TUESDAY.replace(day=22), *(entry.paper for entry in many_entries(150, abstract_words=200)))
    collected.clock.set(morning(TUESDAY.replace(day=22)))
    collected.config["subscribers"]["alice"]["max_messages"] = 3
    await paperboy("once", "--no-deliver")
    answer = await paperboy("preview", "alice", "--open")
    files = [Path(line) for line in answer.out.splitlines()]
    assert len(files) > 1
    assert fake.opened == [files[0].as_uri()]
    assert all("<html" in file.read_text(encoding="utf-8") for file in files)


async def test_a_machine_without_a_browser_says_where_the_file_is(
    paperboy: Terminal, collected: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    _forget_browsers(monkeypatch)
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")
    answer = await paperboy("preview", "lab", "--open")
    assert answer.code == 0
    assert answer.out.strip() in map(str, (collected.folder / "temporary").rglob("slack-1.html"))
    assert answer.err == "There is no browser here to open it with.\n"


async def test_with_nothing_to_show_nothing_is_opened(
    paperboy: Terminal, collected: Environment, fake: Browser
) -> None:
    await paperboy("once")
    answer = await paperboy("preview", "lab", "--open")
    assert (answer.code, answer.out) == (0, "")
    assert fake.opened == []
    del collected


# -- on a terminal -----------------------------------------------------------------------------------------------


async def test_a_terminal_shows_the_papers_in_a_table_a_topic_with_what_is_hidden_and_missing(
    paperboy: Terminal, environment: Environment, screen: Screen
) -> None:
    environment.config["topics"]["birds"] |= {"limit": 1, "categories": ["cs.CV", "cs.CL"]}
    environment.config["topics"]["maps"] = {"title": "Maps", "categories": ["cs.CV"], "keywords": ["maps"]}
    environment.config["subscribers"]["lab"]["topics"] = ["birds", "maps"]
    environment.clock.set(morning(TUESDAY))
    environment.announce(
        TUESDAY, paper(), paper("2604.00002", title="Pigeons"), paper("2604.00003", title="Maps", abstract="Of old.")
    )
    environment.arxiv.feeds["cs.CL"] = ArxivSays(b"", status=500)
    await paperboy("once", "--no-deliver")
    screen.plug_in("stdout")
    assert (await paperboy("preview")).code == 0
    drawn = re.sub(r"\x1b\[[0-9;]*m", "", screen.read())
    assert [line.rstrip() for line in drawn.splitlines()] == [
        "3 papers of the 3 announced on Tue 21 Apr 2026",
        "Not in: cs.CL",
        "Birds (2)",
        "  paper        type   title                                    why",
        "  " + "─" * 67,
        "  2604.00001   new    Pigeons Read Maps (Ada Byron, Bo Chen)   pigeon",
        "",
        "  and 1 more: https://arxiv.org/catchup/cs.CV/2026-04-21",
        "Maps (1)",
        "  paper        type   title                       why",
        "  " + "─" * 52,
        "  2604.00003   new    Maps (Ada Byron, Bo Chen)   maps",
        "",
        "In 1 message for slack. `--open` shows it in the browser, as its readers see it.",
    ]
