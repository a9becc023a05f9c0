"""arXiv's catchup page of one category and mailing date: what programs get to see of its listings.

Pure. It knows what happened on that date, but shows every paper as it is by now, in title, version and categories
alike, as its source does. Shape: arXiv/arxiv-browse, templates/catchup.html and list/list_macros.html, and the query
in services/database/catchup.py.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

from bot.arxiv import taxonomy
from bot.arxiv.calendar import EASTERN
from tests.fake_arxiv.paper_history import Kind, PaperHistory
from tests.fake_arxiv.truth import FIRST_UNANNOUNCED_VERSION
from tests.fake_arxiv.words import UNICODE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Author, Paper
    from tests.fake_arxiv.paper_history import Event
    from tests.fake_arxiv.truth import Truth

PAGE_SIZE = 2_000
DAYS_BACK = 91
"""90, and one more for the time zones (arxiv-browse, controllers/catchup_page.py)."""

_ANNOUNCED_BEFORE_MIDNIGHT = timedelta(hours=4)
_SECTIONS = (("New", ("new",)), ("Cross", ("cross",)), ("Replacement", ("rep", "repcross")))
_ORDER = ("new", "cross", "rep", "repcross")

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head><title>Catchup results for {name} on {day:%a, %d %b %Y}</title>
<meta charset="utf-8"/></head>
<body class="with-cu-identity">
<div class="header-breadcrumbs"><a href="/"><img src="/static/logo.svg" alt="logo"/></a> <span>&gt;</span>
  <a href="/catchup">catchup</a></div>
<div id='content-inner'>
<div id='dlpage'>
  <h1>Catchup results for {name} on {day:%a, %d %b %Y}</h1>
  <div>
    Total of {count} entries
    {paging}
    <br>
    {onward}
  </div>
{items}
  <div></div>
    Total of {count} entries
    {paging}
    <br>
    {onward}
  </div>
</div>
</div>
</body>
</html>
"""
_ITEM = """\
    <dt>
      <a name='item{place}'>[{place}]</a>
      <a href ="/abs/{id}" title="Abstract" id="{id}">
        arXiv:{id}
      </a>
      {remark}
      [<a href="/pdf/{id}" title="Download PDF" id="pdf-{id}" aria-labelledby="pdf-{id}">pdf</a>{html}, \
<a href="/format/{id}" title="Other formats" id="oth-{id}" aria-labelledby="oth-{id}">other</a>]
    </dt>
    <dd>
      <div class='meta'>
        <div class='list-title mathjax'><span class='descriptor'>Title:</span>
          {title}
        </div>
        <div class='list-authors'>{authors}</div>
{extra}
        <div class='list-subjects'><span class='descriptor'>Subjects:</span>
          {subjects}
        </div>
{abstract}
      </div>
    </dd>
"""
_HTML = ', <a href="https://arxiv.org/html/{id}v{version}" title="View HTML" id="html-{id}" \
aria-labelledby="html-{id}" rel="noopener noreferrer" target="_blank">html</a>'


def catchup(
    truth: Truth,
    category: str,
    day: date,
    at: datetime,
    *,
    abstracts: bool = True,
    page: int = 1,
    size: int = PAGE_SIZE,
) -> bytes:
    """One page (from 1) of that mailing, as it is rendered at that moment."""
    newest = (at.astimezone(EASTERN).replace(tzinfo=None) + _ANNOUNCED_BEFORE_MIDNIGHT).date()
    items = listed(truth, category, day, newest)
    first = (page - 1) * size
    shown = list(enumerate(items, 1))[first : first + size]
    url = f"/catchup/{category}/{{day}}?abs={abstracts}&amp;page={{page}}"
    following = next((later for later in truth.days if day < later <= newest), None)
    sections = "".join(
        _section(name, [i for i in shown if i[1][0] in kinds], sum(i[0] in kinds for i in items), first, abstracts)
        for name, kinds in _SECTIONS
    )
    return _PAGE.format(
        name=escape(taxonomy.name(category)),
        day=day,
        count=len(items),
        paging=_paging(url, day, page, len(items), size),
        onward=f'<a href="{url.format(day=following, page=1)}">Continue to the next day</a>' if following else "",
        items=sections or _nothing(day, page),
    ).encode()


def listed(truth: Truth, category: str, day: date, newest: date) -> list[tuple[str, PaperHistory]]:
    """What the page has for that date: how it lists a paper, and the paper's story up to the newest mailing."""
    items = []
    for event, whole in truth.events(day):
        history = whole.upto(newest)
        kind = _listing_type(event, history.paper, category) if history else None
        if history and kind:
            items.append((kind, history))
    return sorted(items, key=lambda item: (_ORDER.index(item[0]), item[1].paper.identifier))


def _listing_type(event: Event, paper: Paper, category: str) -> str | None:
    """None where the page leaves it out; a late cross-list is also listed where the paper already was."""
    names = taxonomy.related(category)
    primary = paper.primary in names
    if set(paper.categories).isdisjoint(names):
        return None
    match event.kind:
        case Kind.NEW:
            return "new" if primary else "cross"
        case Kind.CROSS:
            return None if primary else "cross"
        case Kind.REPLACE if event.paper.version >= FIRST_UNANNOUNCED_VERSION:
            return None
        case Kind.REPLACE | Kind.WITHDRAW:
            return "rep" if primary else "repcross"
        case Kind.EDIT:
            return None


def _section(
    name: str,
    shown: list[tuple[int, tuple[str, PaperHistory]]],
    total: int,
    first: int,
    abstracts: bool,  # noqa: FBT001 - passed on as it came
) -> str:
    if not shown:
        return ""
    how = "showing" if len(shown) == total else "showing first" if not first else "continued, showing"
    heading = f"{name} submissions ({how} {len(shown)} of {total} entries)"
    items = "".join(_item(place, kind, history, abstracts=abstracts) for place, (kind, history) in shown)
    return f"<dl id='articles'>\n    <h3>{heading}</h3>\n{items}</dl>\n"


def _item(place: int, kind: str, history: PaperHistory, *, abstracts: bool) -> str:
    paper = history.paper
    remarks = {"cross": f"(cross-list from {paper.primary})", "rep": "(replaced)", "repcross": "(replaced)"}
    html = "" if history.pdf_only or history.withdrawn else _HTML.format(id=paper.identifier, version=paper.version)
    extra = (("comments mathjax", "Comments", paper.comment), ("journal-ref", "Journal-ref", paper.journal_ref))
    return _ITEM.format(
        place=place,
        id=paper.identifier,
        remark=remarks.get(kind, ""),
        html=html,
        title=escape(paper.title),
        authors=", ".join(map(_author, paper.authors)),
        extra="".join(
            f"        <div class='list-{style}'><span class='descriptor'>{name}:</span>\n          {escape(text)}\n"
            "        </div>\n"
            for style, name, text in extra
            if text
        ),
        subjects=_subjects(paper.categories),
        abstract=f"        <p class='mathjax'>\n          {escape(paper.abstract)}\n        </p>"
        if abstracts
        else "",
    )


def _author(author: Author) -> str:
    name = UNICODE.get(author.name, author.name)
    affiliations = f" ({', '.join(author.affiliations)})" if author.affiliations else ""
    family = name.rpartition(" ")[2]
    link = f"https://arxiv.org/search/cs?searchtype=author&amp;query={escape(family)},+{escape(name[0])}"
    return f'<a href="{link}" rel="nofollow">{escape(name)}</a>{escape(affiliations)}'


def _subjects(categories: Iterable[str]) -> str:
    """Aliases are shown as what they stand for, https://github.com/arXiv/arxiv-base taxonomy/category.py."""
    names = dict.fromkeys(map(taxonomy.canonical, categories))
    primary, *others = (escape(f"{taxonomy.name(name)} ({name})") for name in names)
    return "; ".join((f'<span class="primary-subject">{primary}</span>', *others))


def _paging(url: str, day: date, page: int, count: int, size: int) -> str:
    """Links to the other pages. Where the last page is full, arXiv's own count has one too many."""
    if count <= size:
        return ""
    links = (
        f"<span>{number}</span>" if number == page else f"<a href={url.format(day=day, page=number)}>{number}</a>"
        for number in range(1, count // size + 2)
    )
    return f"View page:\n    {' '.join(links)}"


def _nothing(day: date, page: int) -> str:
    words = f"No further updates for {day:%a, %d %b %Y}" if page > 1 else f"<p>No updates for {day:%a, %d %b %Y}</p>"
    return f"  <br>\n  <div>\n    {words}\n  </div>\n  <br>\n"


def earliest(at: datetime) -> date:
    """The earliest date that the page still answers for."""
    return at.astimezone(UTC).date() - timedelta(days=DAYS_BACK)
