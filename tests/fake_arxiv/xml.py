"""What arXiv's feeds and OAI-PMH tell of the truth, in their XML.

Pure: every moment is an argument. Shapes: arXiv/arxiv-feed at 110b5ab4 (by `render_rss`), and what is recorded and
described of oaipmh.arxiv.org.
"""

from __future__ import annotations

import textwrap
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from bot.arxiv import taxonomy
from bot.arxiv.calendar import EASTERN
from bot.model import Mailing
from tests.fake_arxiv.paper_history import both_names
from tests.fake_arxiv.truth import ORDER
from tests.servers.arxiv import render_rss

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.model import Author, Paper
    from tests.fake_arxiv.paper_history import PaperHistory

FEED_CAP = 2_000

# The records are there at 22:30 on the evening before: https://info.arxiv.org/help/oa/index.html.
_BEFORE_MIDNIGHT = timedelta(hours=1, minutes=30)
# The archives of the group that bears the name of one of them.
_PHYSICS = frozenset(
    (
        *("astro-ph", "cond-mat", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th"),
        *("math-ph", "nlin", "nucl-ex", "nucl-th", "physics", "quant-ph"),
    ),
)


# -- the feed --------------------------------------------------------------------------------------------------------


def feed(mailing: Mailing, cap: int = FEED_CAP) -> bytes:
    """The feed as it is built a moment after midnight and then served all day."""
    built = datetime.combine(mailing.mailing_date, time(0, 0, 7), EASTERN)
    return render_rss(cut_to(mailing, cap), built.astimezone(UTC))


def cut_to(mailing: Mailing, cap: int) -> Mailing:
    """What arXiv's query leaves of a mailing: the lowest numbers among the new papers go first."""
    newest_first = sorted(mailing.entries, key=lambda entry: entry.paper.identifier, reverse=True)
    kept = sorted(newest_first, key=lambda entry: ORDER.index(entry.type), reverse=True)[:cap]
    return Mailing(mailing.category, mailing.mailing_date, tuple(kept))


# -- OAI-PMH ---------------------------------------------------------------------------------------------------------

_OAI = """\
<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"
         xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
         xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/ http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">
    <responseDate>{at:%Y-%m-%dT%H:%M:%SZ}</responseDate>
    <request verb="ListRecords" metadataPrefix="arXivRaw">http://oaipmh.arxiv.org/oai</request>
{content}
</OAI-PMH>
"""
_RECORD = """\
        <record>
            <header>
                <identifier>oai:arXiv.org:{identifier}</identifier>
                <datestamp>{datestamp}</datestamp>
{sets}
            </header>
            <metadata>
                <arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/" \
xsi:schemaLocation="http://arxiv.org/OAI/arXivRaw/ https://oaipmh.arxiv.org/OAI/arXivRaw.xsd">
                    <id>{identifier}</id>
                    <submitter>Sub Mitter</submitter>
{elements}
                </arXivRaw>
            </metadata>
        </record>"""


def in_oai(at: datetime) -> date:
    """The latest mailing date whose records OAI-PMH has at that moment: tomorrow's from 22:30 in New York."""
    return (at.astimezone(EASTERN).replace(tzinfo=None) + _BEFORE_MIDNIGHT).date()


@cache
def oai_set(category: str) -> str:
    """The set of a category: `cs:cs:CV`, `physics:hep-th`, `physics:physics:optics`."""
    archive, _, subject = category.partition(".")
    group = "physics" if archive in _PHYSICS else archive
    return ":".join(part for part in (group, archive, subject) if part)


def sets_of(paper: Paper) -> tuple[str, ...]:
    """Every set that it is in; a category with an alias puts it into both."""
    canonical = map(taxonomy.canonical, paper.categories)
    return tuple(map(oai_set, dict.fromkeys(name for category in canonical for name in both_names(category))))


def oai_records(histories: Iterable[PaperHistory], at: datetime, token: str | None = None) -> bytes:
    """One page of ListRecords in arXivRaw; the token is where the next one begins, empty on the last of several."""
    last = "" if token is None else f"\n        <resumptionToken>{escape(token)}</resumptionToken>"
    records = "\n".join(map(_record, histories))
    return _oai(at, f"    <ListRecords>\n{records}{last}\n    </ListRecords>")


def oai_error(code: str, text: str, at: datetime) -> bytes:
    """OAI-PMH's way to say no, under status 200."""
    return _oai(at, f'    <error code="{escape(code)}">{escape(text)}</error>')


def _oai(at: datetime, content: str) -> bytes:
    return _OAI.format(at=at.astimezone(UTC), content=content).encode()


def _record(history: PaperHistory) -> str:
    paper = history.paper
    versions = [
        f'                    <version version="v{number}"><date>{format_datetime(moment, usegmt=True)}</date>'
        f"<size>{100 + number}kb</size><source_type>D</source_type></version>"
        for number, moment in enumerate(history.submitted, 1)
    ]
    elements = (
        ("title", textwrap.fill(paper.title, 60, subsequent_indent="  ", break_on_hyphens=False)),
        ("authors", _and(paper.authors)),
        ("categories", " ".join(paper.categories)),
        ("comments", paper.comment),
        ("journal-ref", paper.journal_ref),
        ("doi", paper.doi),
        ("license", paper.license),
        ("abstract", f"  {textwrap.fill(paper.abstract, 80, break_on_hyphens=False)}\n"),
    )
    lines = (f"                    <{tag}>{escape(text)}</{tag}>" for tag, text in elements if text is not None)
    return _RECORD.format(
        identifier=paper.identifier,
        datestamp=history.changed,
        sets="\n".join(f"                <setSpec>{name}</setSpec>" for name in sets_of(paper)),
        elements="\n".join((*versions, *lines)),
    )


def _and(authors: Sequence[Author]) -> str:
    """As submitters write it: `A, B (Loft) and C`."""
    *names, last = [a.name + (f" ({', '.join(a.affiliations)})" if a.affiliations else "") for a in authors]
    return " and ".join(filter(None, (", ".join(names), last)))
