"""The whole way to the seed page: its 31 papers among hundreds of others, from feeds to the page.

Reads ../shared, which is not part of the repository.
"""

from __future__ import annotations

import gzip
import json
import re
from datetime import date
from typing import TYPE_CHECKING

import pytest

from bot.model import Author, FeedItem, Paper
from tests.publish.test_seed_page import ESCAPED, MLLM, SEED, TEX, TORN, papers
from tests.world import CROSS, NEW, Environment, morning

if TYPE_CHECKING:
    from collections.abc import Iterator

METADATA = SEED.parent / "data" / "metadata"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not METADATA.is_dir(), reason="needs ../shared/data/metadata, which is not in the repository"),
]

DAY = date(2025, 4, 15)
INSIDE_A_WORD = "2504.11008"  # "MLM" stands in it only inside "MLMR-SD"


def others() -> Iterator[Paper]:
    """Real papers of these categories in which no keyword stands, not even inside a word or with other hyphens."""
    seen = set()
    keywords = [_joined(keyword) for keyword in MLLM.keywords]
    for file in sorted(METADATA.glob("*.jsonl.gz"))[:3]:
        for line in gzip.decompress(file.read_bytes()).decode().splitlines():
            record = json.loads(line)
            text = _joined(f"{record['title']} {record['summary']}")
            if record["id"] in seen or any(keyword in text for keyword in keywords):
                continue
            if set(record["categories"]) & set(MLLM.categories):
                seen.add(record["id"])
                yield Paper(
                    identifier=record["id"],
                    version=1,
                    title=record["title"],
                    abstract=" ".join(record["summary"].split()),
                    authors=tuple(Author(name) for name in record["authors"]),
                    categories=tuple(record["categories"]),
                )


def _joined(text: str) -> str:
    return re.sub(r"[-\s]+", " ", text).casefold()


async def page(environment: Environment, *, match: str) -> list[str]:
    """The day's page, by way of the feeds of three categories."""
    everything = [*papers(), *others()]
    assert len(everything) >= 331
    for category in MLLM.categories:
        entries = [
            FeedItem(p, NEW if p.primary == category else CROSS) for p in everything if category in p.categories
        ]
        environment.announce(DAY, *entries, category=category)
    topic = {"title": "MLLM", "categories": list(MLLM.categories), "keywords": list(MLLM.keywords), "match": match}
    environment.config["topics"] = {"mllm": topic}
    environment.config["subscribers"] = {}
    repository = "tavish9/awesome-daily-AI-arxiv"
    environment.config["site"] = {"dir": "site", "topics": ["mllm"], "repository": repository}
    run = await environment.once(morning(DAY))
    assert not run.left_undone
    path = environment.folder / "site" / "mllm" / "2025-04-15.md"
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


@pytest.fixture
def old_world(environment: Environment) -> Environment:
    """A world before its time: the seed page is of 2025."""
    environment.clock._now = morning(DAY, 0)
    return environment


async def test_with_substring_the_page_is_the_seed_page(old_world: Environment) -> None:
    seed = SEED.read_text(encoding="utf-8").splitlines(keepends=True)
    for want in (*TORN, *ESCAPED, *TEX):
        seed[want.line - 1] = want.mend(seed[want.line - 1])
    assert await page(old_world, match="substring") == seed


async def test_with_words_the_page_has_the_thirty_that_truly_match(old_world: Environment) -> None:
    listed = re.findall(r"`arXiv:(.*?)`", "".join(await page(old_world, match="words")))
    assert listed == [paper.identifier for paper in papers() if paper.identifier != INSIDE_A_WORD]
    assert len(listed) == 30
