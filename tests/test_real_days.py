"""Real days of cs.CV served on loopback: everything matched arrives once, weekends say nothing.

Reads ../shared/data, which is not part of the repository. What should match is counted here by other means than the
program's own: plain regular expressions over the raw XML.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.model import AnnounceType
from tests.world import Environment, morning

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

pytestmark = pytest.mark.shared

FEEDS = Path(__file__).parents[2] / "shared" / "data" / "rendered" / "cs.CV"
DAYS = [date(2026, 4, 17) + timedelta(days=offset) for offset in range(12)]
ARXIV = "{http://arxiv.org/schemas/atom}"
KEYWORD = re.compile(r"\bdiffusion\b", re.IGNORECASE)
ALL_TYPES = [kind.value for kind in AnnounceType]


@pytest.fixture
def real_environment(environment: Environment) -> Environment:
    if not FEEDS.exists():
        pytest.skip(f"{FEEDS} is not on this machine")
    diffusion = {"title": "Diffusion", "categories": ["cs.CV"], "keywords": ["diffusion"]}
    environment.config["topics"] = {
        "diffusion": diffusion,
        "versions": {**diffusion, "title": "Versions", "announce": ALL_TYPES},
    }
    environment.config["subscribers"] = {
        "lab": {"slack": "C0123456789", "topics": ["diffusion"], "thread": True, "max_messages": 99},
        "hook": {"slack": environment.slack.webhook_url("hook"), "topics": ["versions"], "max_messages": 99},
        "group": {"discord": "123456789012345678", "topics": ["diffusion"], "max_messages": 99},
        "their-hook": {
            "discord": environment.discord.webhook_url("theirs"),
            "topics": ["versions"],
            "max_messages": 99,
        },
        "alice": {"mail": "alice@example.org", "topics": ["diffusion"], "max_messages": 99},
        "bob": {"mail": "bob@example.org", "topics": ["versions"], "max_messages": 99},
    }
    environment.config["site"] = {"dir": "site", "topics": ["diffusion", "versions"]}
    return environment


def items(day: date) -> list[tuple[str, int, str, bool]]:
    """Identifier, version, type and whether the keyword is in title or abstract, read without the program."""
    found = []
    for item in ET.fromstring((FEEDS / f"rss_{day:%Y-%m-%d}.xml").read_bytes()).iter("item"):
        identifier, version = re.fullmatch(r"oai:arXiv\.org:(.+)v(\d+)", item.findtext("guid", "")).groups()  # type: ignore[union-attr] # every item has one
        abstract = item.findtext("description", "").partition("Abstract: ")[2]
        shown = re.sub(r"\\textbf\{(\w+)\}", r"\1", f"{item.findtext('title')}\n{abstract}")  # "\textbf{D}iffusion"
        matches = bool(KEYWORD.search(shown))
        found.append((identifier, int(version), item.findtext(f"{ARXIV}announce_type", ""), matches))
    return found


def expected(dates: Iterable[date], *, replacements: bool) -> dict[date, Counter[str]]:
    """What a subscriber is to be told, by day: abs links, versioned for replacements, each once over all days."""
    told: set[tuple[str, int]] = set()
    days = {}
    for day in dates:
        days[day] = Counter[str]()
        for identifier, version, kind, matches in items(day):
            replaced = kind.startswith("replace")
            key = (identifier, version if replaced else 0)
            if matches and key not in told and (replacements or not replaced):
                told.add(key)
                days[day][f"{identifier}v{version}" if replaced else identifier] += 1
    return days


def abs_links(texts: Iterable[str]) -> Counter[str]:
    return Counter(
        link
        for text in texts
        for link in re.findall(r"https?://arxiv\.org/abs/([\w./-]+?)(?=[>|)\]\s\"'\\&]|$)", text)
    )


@pytest.mark.parametrize(
    ("days", "papers"),
    [
        pytest.param(DAYS[:5], 60, id="a weekend, and working days around it"),
        pytest.param(DAYS, 150, id="twelve days", marks=pytest.mark.on_request),
    ],
)
async def test_real_days_of_once_tell_every_match_once_and_weekends_nothing_and_each_mailing_has_its_page(
    real_environment: Environment, days: Sequence[date], papers: int
) -> None:
    seen = real_environment.received()
    plain, versions = expected(days, replacements=False), expected(days, replacements=True)
    for day in days:
        real_environment.arxiv.feeds["cs.CV"] = (FEEDS / f"rss_{day:%Y-%m-%d}.xml").read_bytes()
        run = await real_environment.once(morning(day))
        assert not run.left_undone
        assert not [lane for lane in (await real_environment.once()).delivered if lane.sent]
        slack = real_environment.slack.messages[seen["slack"] :]
        discord = real_environment.discord.messages[seen["discord"] :]
        mail = real_environment.mail.messages[seen["mail"] :]
        seen = real_environment.received()
        assert abs_links(str(m.blocks) for m in slack if m.channel == "C0123456789") == plain[day]
        assert abs_links(str(m.blocks) for m in slack if m.channel == "hook") == versions[day]
        assert abs_links(str(m.payload) for m in discord if m.destination == "123456789012345678") == plain[day]
        assert abs_links(str(m.payload) for m in discord if m.destination == "theirs") == versions[day]
        assert abs_links(_html(m.data) for m in mail if m.rcpt == ("alice@example.org",)) == plain[day]
        assert abs_links(_html(m.data) for m in mail if m.rcpt == ("bob@example.org",)) == versions[day]
        if day.weekday() > 4:
            assert run.collected == ()
            assert (slack, discord, mail) == ([], [], [])
    assert sum(map(len, plain.values())) > papers  # a digest a day, not a handful of papers
    assert sum(map(len, versions.values())) > sum(map(len, plain.values()))
    assert_each_mailing_s_matches_are_on_its_page(real_environment.folder / "site" / "versions", days)


def assert_each_mailing_s_matches_are_on_its_page(site: Path, days: Iterable[date]) -> None:
    working_days = [day for day in days if day.weekday() < 5]
    assert sorted(path.stem for path in site.glob("*.md")) == [f"{day:%Y-%m-%d}" for day in working_days]
    for day in working_days:
        page = (site / f"{day:%Y-%m-%d}.md").read_text(encoding="utf-8")
        listed = sorted(re.findall(r"`arXiv:([\w./-]+)`", page))
        assert listed == sorted(identifier for identifier, _, _, matches in items(day) if matches)


async def test_the_mail_of_the_biggest_day_has_at_most_90_000_bytes_in_all(real_environment: Environment) -> None:
    real_environment.config["web"] = {"url": "https://papers.example.org", "secret": "coo" * 20}
    vision = {"title": "All of vision", "categories": ["cs.CV"], "announce": ALL_TYPES}
    real_environment.config["topics"] = {"all": vision}
    real_environment.config["subscribers"] = {"alice": {"mail": "alice@example.org", "topics": ["all"]}}
    real_environment.config["site"] = {"dir": "site", "topics": ["all"], "url": "https://papers.example.org/site"}
    day = date(2026, 4, 21)
    real_environment.arxiv.feeds["cs.CV"] = (FEEDS / f"rss_{day:%Y-%m-%d}.xml").read_bytes()
    await real_environment.once(morning(day))
    (mail,) = real_environment.mail.messages
    html = _html(mail.data)
    shown = abs_links([html]).total()
    assert 85_000 < len(mail.data) <= 90_000
    assert html.count("/feedback/") == 3 * 20
    assert f"20 in full, {shown - 20} in one line each, {501 - shown} only counted" in html
    assert shown > 90


def _html(data: bytes) -> str:
    import email  # noqa: PLC0415 - one use
    import email.policy  # noqa: PLC0415 - one use

    body = email.message_from_bytes(data, policy=email.policy.default).get_body(("html",))
    assert body is not None
    return str(body.get_content())
