"""Thirty mailing days of an arXiv that misbehaves in every known way, read by the real daemon in simulated time.

Everybody is told of everything that concerns them, once, and arXiv has no reason to complain. The papers are
invented; the faults are those of arXiv's feeds as its users reported them.
"""

from __future__ import annotations

import gzip
import json
import re
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.app.daemon import Daemon
from bot.arxiv.calendar import EASTERN
from bot.model import Author, Paper
from bot.store import Store
from tests.fake_arxiv import faults
from tests.fake_arxiv.faults import Fault, Source
from tests.fake_arxiv.paper_history import Event, Kind, Schedule
from tests.fake_arxiv.paper_history import PaperHistory as ArxivLife
from tests.fake_arxiv.politeness import violations
from tests.fake_arxiv.service import ArxivService
from tests.fake_arxiv.truth import Truth
from tests.world import opened_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping

    from bot.model import MailingRecord
    from tests.fake_arxiv.truth import Expected
    from tests.world import Environment

DAY = timedelta(days=1)
CAP = 18
"""A feed's most items here, that Tuesdays reach it."""
AUTUMN, SPRING = date(2026, 10, 19), date(2026, 2, 23)
READS = {
    "pigeons": ("cs.CV", "cs.LG", "math.NA"),
    "lighthouses": ("cs.CV", "cs.CL"),
    "strings": ("hep-th",),
}
LINK = re.compile(r"https://arxiv\.org/abs/([a-z-]+/\d{7}|\d{4}\.\d{4,5})(?:v(\d+))?\b")
Link = tuple[str, int | None]
"""An identifier, and the version where it is told as replaced."""


def subscribed(environment: Environment, service: ArxivService, *, catchup: bool) -> None:
    """Three who read different things in different places at different hours."""
    environment.config["arxiv"] = {
        "rss_url": service.rss_url,
        "oai_url": service.oai_url,
        "catchup_url": service.catchup_url if catchup else None,
        "seconds_between_requests": 3,
    }
    everything = ["new", "cross", "replace", "replace-cross"]
    words: dict[str, dict[str, object]] = {
        "pigeons": {"keywords": ["pigeon"]},
        "lighthouses": {"keywords": ["lighthouse"], "announce": everything},
        "strings": {"announce": everything},
    }
    environment.config["topics"] = {
        name: {"title": name, "categories": [*READS[name]], **words[name]} for name in READS
    }
    environment.config["subscribers"] = {
        "lab": {"slack": "C0123456789", "topics": ["pigeons"], "max_messages": 50},
        "group": {"discord": "111111111111111111", "topics": ["lighthouses"], "max_messages": 50},
        "ada": {
            "mail": "ada@example.net",
            "topics": ["strings"],
            "at": "08:00",
            "timezone": "Asia/Tokyo",
            "max_messages": 50,
        },
    }


def told(environment: Environment) -> dict[str, list[Link]]:
    """Every paper that each was told of, as often as it was told."""
    sides = {
        "lab": [str(message.blocks) for message in environment.slack.messages],
        "group": [str(message.embeds) for message in environment.discord.messages],
        "ada": [text_of(mail.data) for mail in environment.mail.messages],
    }
    return {
        name: [
            (identifier, int(version) if version else None)
            for text in texts
            for identifier, version in dict.fromkeys(LINK.findall(text))
        ]
        for name, texts in sides.items()
    }


def text_of(mail: bytes) -> str:
    """The plain part."""
    body = message_from_bytes(mail, policy=SMTP).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def expected(truth: Truth) -> dict[str, Expected]:
    return {
        "lab": truth.expected(READS["pigeons"], _about("pigeon")),
        "group": truth.expected(READS["lighthouses"], _about("lighthouse")),
        "ada": truth.expected(READS["strings"]),
    }


def _about(word: str) -> Callable[[Paper], bool]:
    return lambda paper: word in f"{paper.title} {paper.abstract}".lower()


@dataclass
class PaperHistory:
    """A daemon that lives through it, but for the days on which its machine is off."""

    environment: Environment
    end: datetime
    off: tuple[tuple[datetime, datetime], ...] = ()

    async def live(self) -> None:
        clock = self.environment.clock
        while clock.now() < self.end:
            for start, stop in self.off:
                if start <= clock.now() < stop:
                    clock.set(stop)
            async with self.environment.app() as app:
                daemon = Daemon(app.runner, clock)
                until = min([start for start, _ in self.off if start > clock.now()], default=self.end)
                while clock.now() < until:
                    await daemon.tick()
                    assert daemon._wake is not None
                    clock.set(min(max(daemon._wake, clock.now() + timedelta(seconds=5)), until))


def midnight(day: date, hour: int = 0) -> datetime:
    """In New York."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=EASTERN).astimezone(UTC)


def script(days: Iterable[date]) -> list[Fault]:
    """A fault for each of the first fifteen mailings; two together once; second sources that fail too."""
    d = list(days)
    oai = Source.OAI
    return [
        Fault(faults.stale, category="cs.CV", day=d[2]),
        Fault(faults.stale, category="cs.CV", day=d[3]),
        Fault(faults.empty, category="cs.LG", day=d[4], until=midnight(d[4], 9)),
        Fault(faults.status(400), day=d[5], times=3),
        Fault(faults.rate_exceeded, day=d[6], times=2),
        Fault(faults.status(406), day=d[7], times=2),
        Fault(faults.status(429, retry_after=1800), category="cs.CV", day=d[8], times=1),
        Fault(faults.status(429), category="cs.LG", day=d[8], times=2),
        Fault(faults.cut_body, day=d[9], times=1),
        Fault(faults.half_body, day=d[9], first=1, times=1),
        Fault(faults.malformed, day=d[9], category="hep-th", times=2),
        Fault(faults.html_page, day=d[9], category="cs.CL", times=2),
        Fault(faults.yesterday, day=d[10], until=midnight(d[10], 3)),
        Fault(faults.status(500), category="cs.CV", day=d[11]),
        Fault(faults.stale, category="cs.CL", day=d[11]),
        Fault(faults.one_unreadable, category="cs.LG", day=d[12]),
        Fault(faults.stale, category="cs.CV", day=d[13]),
        Fault(faults.status(503, retry_after=900), source=oai, day=d[13], times=1),
        Fault(faults.behind(8), source=oai, day=d[13], first=2, times=1),
        Fault(faults.truncated(CAP), category="cs.CV", day=d[14]),
        Fault(faults.malformed, source=oai, day=d[14], times=1),
        # after three days of silence
        Fault(faults.bad_token, source=oai, day=d[20], times=2),
    ]


def silences(days: Iterable[date]) -> tuple[tuple[datetime, datetime], ...]:
    """One mailing missed, three, and eight; each time the machine is back on the day of the next mailing."""
    d = list(days)
    return (
        (midnight(d[15]), midnight(d[16], 5)),
        (midnight(d[17]), midnight(d[20], 5)),
        (midnight(d[21]), midnight(d[29], 5)),
    )


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncIterator[Environment]:
    async with opened_environment(tmp_path) as environment:
        yield environment


@pytest.fixture
def _host_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def records(environment: Environment, first: date) -> tuple[MailingRecord, ...]:
    store = Store(environment.settings.store)
    try:
        return store.papers.mailings_since(first)
    finally:
        store.close()


async def live_through(
    environment: Environment,
    service: ArxivService,
    *,
    off: tuple[tuple[datetime, datetime], ...] = (),
) -> None:
    """From the first mailing to two days after the last; then all is closed, and arXiv was never pestered."""
    days = service.truth.days
    environment.clock._now = midnight(days[0])
    await PaperHistory(environment, midnight(days[-1] + 2 * DAY), off).live()
    states = records(environment, days[0])
    assert [record for record in states if not record.state.closed] == []
    closed = {(r.mailing_date, r.category): r.asked_at for r in states if r.asked_at}
    assert violations(service.requests, 3, closed=closed) == []
    busiest = Counter(request.at.date() for request in service.requests).most_common(1)
    assert busiest[0][1] < 40 * len(environment.settings.categories)


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("_host_zone")
@pytest.mark.parametrize(
    ("start", "zone", "seed", "catchup"),
    [
        pytest.param(AUTUMN, "Asia/Tokyo", 1, False, id="both autumns, UTC+9, OAI-PMH", marks=pytest.mark.on_request),
        pytest.param(SPRING, "Asia/Tokyo", 2, False, id="both springs, UTC+9, OAI-PMH"),
        pytest.param(
            AUTUMN,
            "America/Los_Angeles",
            5,
            True,
            id="both autumns, UTC-8, catch-up pages",
            marks=pytest.mark.on_request,
        ),
    ],
)
async def test_thirty_mailings_with_every_fault_reach_everybody_once(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, start: date, seed: int, *, catchup: bool
) -> None:
    monkeypatch.setattr("bot.collect.verdict.FEED_CAP", CAP)
    holiday = start + 8 * DAY  # one that nobody foresaw
    truth = Truth(seed, start=start, mailings=32, holidays=[holiday], new_per_day=15, pdf_only=0.2)
    async with ArxivService(truth, environment.clock, feed_cap=CAP) as service:
        subscribed(environment, service, catchup=catchup)
        service.faults += script(truth.days)
        await live_through(environment, service, off=silences(truth.days))
    for name, debt in expected(truth).items():
        links = told(environment)[name]
        assert twice(links) == [], name
        # What OAI-PMH cannot know is allowed to be missing, and said in README: late cross-lists of unknown papers.
        assert (debt.told if catchup else debt.told - debt.late) - as_new(links) == set(), name
        assert as_new(links) - debt.told - debt.perhaps == set(), name
        replaced = {(identifier, version) for identifier, version in links if version is not None}
        real = {
            (history.paper.identifier, n)
            for history in truth.histories.values()
            for n in range(2, history.paper.version + 1)
        }
        assert replaced - real == set(), name  # no version that never was
        if name != "lab":  # who did not ask for replacements
            newest = dict(sorted(debt.replaced))
            # A catch-up page may show another version than that of its day, or none at all.
            told_of = {i for i, version in replaced if catchup or version >= newest.get(i, version + 1)}
            assert set(newest) - told_of - as_new(links) == set(), name


def twice(links: Iterable[Link]) -> list[Link]:
    return [link for link, times in Counter(links).items() if times > 1]


def as_new(links: Iterable[Link]) -> set[str]:
    return {identifier for identifier, version in links if version is None}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.on_request) for seed in (1, 2))])
async def test_a_stale_feed_after_a_day_of_silence_is_not_taken_for_today_s(
    environment: Environment, seed: int
) -> None:
    """Yesterday's papers are known by conclusion only: some late cross-lists of theirs look like news."""
    truth = Truth(seed, start=AUTUMN, mailings=6)
    async with ArxivService(truth, environment.clock) as service:
        subscribed(environment, service, catchup=False)
        service.faults.append(Fault(faults.stale, day=truth.days[4]))
        await live_through(environment, service, off=((midnight(truth.days[3]), midnight(truth.days[4], 1)),))
    for name, debt in expected(truth).items():
        links = told(environment)[name]
        assert twice(links) == [], name
        assert (debt.told - debt.late) - as_new(links) == set(), name


async def test_after_a_403_nothing_is_asked_for_a_day_and_what_was_missed_is_made_up_for(
    environment: Environment,
) -> None:
    truth = Truth(7, start=AUTUMN, mailings=6, pdf_only=0)
    async with ArxivService(truth, environment.clock) as service:
        subscribed(environment, service, catchup=False)
        service.faults.append(Fault(faults.status(403), source=None, day=truth.days[2], times=1))
        await live_through(environment, service)
        (refused,) = [request for request in service.requests if request.status == 403]
        later = [request.at for request in service.requests if request.at > refused.at]
    assert min(later) >= refused.at + DAY
    for name, debt in expected(truth).items():
        links = told(environment)[name]
        assert twice(links) == [], name
        assert (debt.told - debt.late) - as_new(links) == set(), name


# -- on real papers ----------------------------------------------------------------------------------------------

METADATA = Path(__file__).parents[2] / "shared" / "data" / "metadata"


def real_truth() -> Truth:
    """Sixteen real mailings of May 2026: each paper new on the first day on which arXiv listed it."""
    histories: dict[str, ArxivLife] = {}
    days: list[date] = []
    for path in sorted(METADATA.glob("*.jsonl.gz")):
        day = date.fromisoformat(path.name.partition(".")[0])
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            listed = {row["id"]: row for row in map(json.loads, lines)}
        fresh = {identifier: row for identifier, row in listed.items() if identifier not in histories}
        if day.weekday() < 5 and len(fresh) > 20:
            days.append(day)
            histories |= {identifier: _life(row, day) for identifier, row in fresh.items()}
    every = (days[0] + DAY * offset for offset in range((days[-1] - days[0]).days))
    schedule = Schedule([day for day in every if day.weekday() < 5 and day not in days])
    return Truth.of(histories, days, schedule)


def _life(row: Mapping[str, Any], day: date) -> ArxivLife:
    paper = Paper(
        identifier=row["id"],
        version=1,
        title=" ".join(row["title"].split()),
        abstract=" ".join(row["summary"].split()),
        authors=tuple(map(Author, row["authors"])),
        categories=tuple(row["categories"]),
    )
    return ArxivLife(
        (Event(day, Kind.NEW, paper),), (Schedule().window(day)[1] - timedelta(hours=1),), pdf_only=False
    )


@pytest.mark.shared
@pytest.mark.skipif(not METADATA.is_dir(), reason="../shared/data/metadata is not here")
@pytest.mark.parametrize(
    "catchup",
    [
        pytest.param(False, id="OAI-PMH", marks=pytest.mark.on_request),
        pytest.param(True, id="catch-up pages", marks=pytest.mark.on_request),
    ],
)
async def test_sixteen_real_mailings_with_faults_and_silences_reach_everybody_once(
    environment: Environment, *, catchup: bool
) -> None:
    truth = real_truth()
    days = truth.days
    async with ArxivService(truth, environment.clock, oai_page=1000) as service:
        subscribed(environment, service, catchup=catchup)
        words = {
            "games": {"categories": ["cs.GT"]},
            "benchmarks": {"categories": ["cs.CL"], "keywords": ["benchmark"]},
        }
        environment.config["topics"] = {name: {"title": name, **topic} for name, topic in words.items()}
        environment.config["subscribers"] = {
            "lab": {"slack": "C0123456789", "topics": ["games"], "max_messages": 50},
            "group": {"discord": "111111111111111111", "topics": ["benchmarks"], "max_messages": 90},
        }
        service.faults += [
            Fault(faults.stale, day=days[2]),
            Fault(faults.empty, category="cs.GT", day=days[4], until=midnight(days[4], 9)),
            Fault(faults.status(500), category="cs.CL", day=days[5]),
        ]
        await live_through(environment, service, off=((midnight(days[8]), midnight(days[13], 5)),))
    debts = {
        "lab": truth.expected(["cs.GT"]).told,
        "group": truth.expected(["cs.CL"], lambda paper: bool(_BENCHMARK.search(_plain(paper)))).told,
    }
    for name, debt in debts.items():
        links = told(environment)[name]
        assert twice(links) == [], name
        assert as_new(links) == debt, name
        assert len(debt) > 100, name


_BENCHMARK = re.compile(r"(?<![a-z0-9])benchmark(?:s|es)?(?![a-z0-9])")


def _plain(paper: Paper) -> str:
    return f"{paper.title} {paper.abstract}".casefold()
