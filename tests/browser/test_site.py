"""The site in a browser: search, filters, dark mode, keyboard, formulas, the policy, accessibility."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from aiohttp import web

from bot.model import AnnounceType, Hit, Topic
from bot.publish import bibtex, search_data, write_atomically
from bot.publish.assets import Assets
from bot.publish.html import SiteContext, render_web_page
from bot.publish.html_index import mailings, render_front
from bot.publish.markdown import TopicPage, in_order
from bot.text.templates import Templates
from tests.browser.looks import faults
from tests.builders import entry, paper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page

    from bot.model import DigestEntry

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARCH, FRIDAY, MONDAY = date(2026, 3, 31), date(2026, 4, 17), date(2026, 4, 20)
BIRDS = Topic("birds", "Birds & Maps", ("cs.CV",), keywords=("pigeon", "homing flight"), exclude=("penguin",))
FISH = Topic("fish", "Fish", ("cs.CL",))
HOSTILE = "</script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
PIGEON, FLIGHT = Hit("pigeon", "title"), Hit("homing flight", "abstract")


def pages() -> list[TopicPage]:
    """Three mailings: 63 papers of Monday, one of Friday, one of March."""
    many = [
        entry(paper(f"2604.1{n:04d}", title=f"Pigeon Study {n}", authors=("Ada Byron",)), hits=(PIGEON,))
        for n in range(60)
    ]
    special = [
        entry(
            paper(
                "2604.00001",
                title=r"Maps of $\mathbb{R}^2$ at 50%",
                abstract=r"We show $\alpha_1 \leq \frac{1}{2}$ and $$\int_0^1 x\,dx$$ but not $\nosuchcommand{x}$.",
                authors=("José Muñoz", "Bo Chen"),
                categories=("cs.CV", "cs.RO"),
            ),
            hits=(FLIGHT,),
        ),
        entry(
            paper("2604.00002", title=HOSTILE, abstract=HOSTILE, authors=(HOSTILE,)), type=AnnounceType.CROSS, hits=()
        ),
        replace(entry(paper("2604.00003", title="Feathers"), hits=(Hit(HOSTILE, "title"),)), reconstructed=True),
    ]
    older = entry(
        paper("hep-th/9901001", version=2, title="Older Birds"), type=AnnounceType.REPLACE, mailing_date=FRIDAY
    )
    return [
        TopicPage(BIRDS, MONDAY, (*many, *special)),
        TopicPage(BIRDS, FRIDAY, (older,)),
        TopicPage(FISH, MONDAY, (special[0],)),
        TopicPage(FISH, MARCH, (entry(paper("2603.00001", title="A Fish"), mailing_date=MARCH, hits=()),)),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `publish` would write it, without a store."""
    site, templates = tmp_path_factory.mktemp("site"), Templates()
    assets = Assets.find(templates)
    here = SiteContext(assets.names)
    counts: dict[Topic, dict[date, int]] = {BIRDS: {}, FISH: {}}
    for path, source in assets.files.items():
        write_atomically(site / path, source.read_bytes())
    for page in pages():
        base = site / page.topic.name / page.mailing_date.isoformat()
        write_atomically(base.with_suffix(".html"), render_web_page(page, here, templates))
        write_atomically(base.with_suffix(".bib"), bibtex.bibliography(e.paper for e in in_order(page.entries)))
        data = site / search_data.file_name(page.mailing_date)
        write_atomically(data, search_data.month(data.read_text() if data.exists() else "", [page]))
        data = site / search_data.abstracts_name(page.mailing_date)
        write_atomically(data, search_data.abstracts(data.read_text() if data.exists() else "", [page]))
        counts[page.topic][page.mailing_date] = len(page.entries)
    for topic, dates in counts.items():
        write_atomically(site / topic.name / "mailings.js", mailings(dates))
    newest = {page.topic: page.entries for page in pages() if page.mailing_date == MONDAY}
    write_atomically(site / "index.html", render_front(counts, newest, here, templates, mark="0"))
    return site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(folder: Path) -> AsyncIterator[str]:
    """The site on loopback, served as any web server would."""
    app = web.Application()
    app.router.add_static("/", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


@dataclass
class Seen:
    """What a page complained of, and what it asked the world for."""

    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def opened(browser: Browser, url: str, seen: Seen | None = None, **context: Any) -> AsyncIterator[Page]:
    """A page in a profile of its own; whatever it complains of fails the test."""
    seen = seen or Seen()
    profile = await browser.new_context(**context)
    page = await profile.new_page()
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("request", lambda request: seen.asked.append(request.url))
    await page.goto(url)
    yield page
    await profile.close()
    assert seen.complaints == []


async def found(page: Page, saying: str) -> list[str]:
    """The titles that stand as results, once it says so."""
    await page.locator("#status").filter(has_text=re.compile(f"^{re.escape(saying)}$")).wait_for()
    return await page.locator("#results h3").all_text_contents()


async def test_a_search_finds_papers_of_every_month(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/index.html") as page:
        await page.get_by_label("Search titles").fill("bird")
        assert await found(page, "1 paper") == ["Older Birds"]
        await page.get_by_label("Search titles").fill("FISH")
        assert await found(page, "1 paper") == ["A Fish"]
        assert await page.locator("#contents").is_hidden()


async def test_a_search_loads_its_months_only_when_somebody_searches(browser: Browser, address: str) -> None:
    seen = Seen()
    async with opened(browser, f"{address}/index.html", seen) as page:
        assert not [url for url in seen.asked if "/data/" in url]
        await page.get_by_label("Search titles").focus()
        await page.get_by_label("Search titles").fill("pigeon study")
        await found(page, "60 papers")
        assert [url.rpartition("/")[2] for url in seen.asked if "/data/" in url] == [
            "2026-04.js",
            "2026-03.js",
            "2026-04.abstracts.js",
            "2026-03.abstracts.js",
        ]
        assert all(url.startswith(address) for url in seen.asked)


async def test_accents_case_and_hyphens_do_not_matter(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/index.html") as page:
        await page.get_by_label("Author", exact=True).fill("munoz")
        assert await found(page, "1 paper") == ["Maps of ℝ² at 50%"]
        await page.get_by_label("Search titles").fill("mAPs-oF")
        assert await found(page, "1 paper") == ["Maps of ℝ² at 50%"]


async def test_every_filter_narrows_and_they_narrow_together(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/index.html") as page:
        await page.get_by_label("Topic").select_option(label="Fish")
        assert set(await found(page, "2 papers")) == {"Maps of ℝ² at 50%", "A Fish"}
        await page.get_by_label("Category").select_option("cs.RO")
        assert await found(page, "1 paper") == ["Maps of ℝ² at 50%"]
        await page.get_by_label("Matched keyword").select_option("homing flight")
        assert await found(page, "1 paper") == ["Maps of ℝ² at 50%"]
        await page.get_by_label("Type").select_option("replace")
        assert await found(page, "0 papers. A filter is set: fewer filters may find more.") == []
        await page.get_by_role("button", name="Clear").click()
        await page.locator("#contents").wait_for()
        for kind, title in (("replace", "Older Birds"), ("cross", HOSTILE), ("reconstructed", "Feathers")):
            await page.get_by_label("Type").select_option(kind)
            assert await found(page, "1 paper") == [title]


async def test_a_paper_of_two_topics_is_one_result_that_names_both(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/index.html#category=cs.RO") as page:
        await found(page, "1 paper")
        assert "Mon 20 Apr 2026 · Birds" in await page.locator("#results .quiet").inner_text()
        links = page.locator("#results .quiet a")
        assert await links.all_text_contents() == ["Birds & Maps", "Fish"]
        await links.first.click()
        await page.wait_for_url("**/birds/2026-04-20.html#2604.00001")
        await page.locator("article[id='2604.00001']").wait_for()


async def test_more_results_come_when_asked_for_and_the_focus_goes_there(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/index.html") as page:
        await page.get_by_label("Search titles").fill("pigeon study")
        assert len(await found(page, "60 papers")) == 50
        await page.get_by_role("button", name="Show 10 more of 10").press("Enter")
        assert await page.locator("#results li.paper").count() == 60
        assert await page.evaluate(
            "document.activeElement.closest('li.paper') === document.querySelectorAll('li.paper')[50]"
        )
        assert await page.locator("#more").is_hidden()


async def test_a_search_can_be_linked_and_a_chip_is_such_a_link(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/birds/2026-04-20.html") as page:
        await page.get_by_role("link", name="homing flight").click()
        assert await found(page, "1 paper") == ["Maps of ℝ² at 50%"]
        await page.wait_for_url("**/index.html#keyword=homing+flight")
        await page.get_by_label("Author", exact=True).fill("chen")
        await page.wait_for_url("**/index.html#author=chen&keyword=homing+flight")


async def test_the_site_works_from_a_folder_too(browser: Browser, folder: Path) -> None:
    async with opened(browser, f"{(folder / 'index.html').as_uri()}") as page:
        await page.get_by_label("Search titles").fill("older")
        assert await found(page, "1 paper") == ["Older Birds"]
        await page.goto((folder / "birds" / "2026-04-20.html").as_uri())
        await page.locator("article[id='2604.00001']").scroll_into_view_if_needed()
        await page.locator(".katex").first.wait_for()
        await page.get_by_role("link", name="← Fri 17 Apr 2026").click()
        await page.wait_for_url("**/birds/2026-04-17.html")
        assert await page.title() == "Birds & Maps · 2026-04-17"


async def test_a_month_that_cannot_be_read_is_said(browser: Browser, address: str) -> None:
    profile = await browser.new_context()
    page = await profile.new_page()
    await page.route("**/data/2026-03.js", lambda route: route.abort())
    await page.goto(f"{address}/index.html#q=pigeon+study")
    assert len(await found(page, "60 papers; could not read 2026-03")) == 50
    await profile.close()


async def test_dark_mode_follows_the_system_and_the_switch_and_is_remembered(browser: Browser, address: str) -> None:
    ground = "getComputedStyle(document.querySelector('.sheet')).backgroundColor"
    async with opened(browser, f"{address}/index.html", color_scheme="dark") as page:
        dark = await page.evaluate(ground)
        switch = page.get_by_role("button", name="Dark")
        assert await switch.get_attribute("aria-pressed") == "true"
        await switch.click()
        light = await page.evaluate(ground)
        assert (dark, light) == ("rgb(29, 31, 34)", "rgb(255, 253, 248)")
        await page.goto(f"{address}/birds/2026-04-20.html")
        assert await page.evaluate(ground) == light
        await page.emulate_media(color_scheme="light")
        assert await page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "false"
    async with opened(browser, f"{address}/index.html", color_scheme="light") as page:
        assert await page.evaluate(ground) == light


async def test_everything_is_reached_by_the_keyboard(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/index.html") as page:
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "To the papers"
        reached = []
        for _ in range(8):
            await page.keyboard.press("Tab")
            reached.append(await page.evaluate("document.activeElement.id || document.activeElement.className"))
        assert reached == ["brand", "theme", "q", "topic", "category", "type", "keyword", "author"]
        await page.keyboard.type("muñoz")
        assert len(await found(page, "1 paper")) == 1
        await page.keyboard.press("Escape")
        await page.locator("#contents").wait_for()
        assert await page.evaluate("document.activeElement.id") == "q"
        await page.wait_for_url("**/index.html")


async def test_formulas_are_drawn_and_what_katex_does_not_know_stays_readable(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/birds/2026-04-20.html") as page:
        article = page.locator("article[id='2604.00001']")
        await article.scroll_into_view_if_needed()
        await article.locator(".abstract .katex-display").wait_for()
        assert await article.locator(".katex").count() == 3
        assert await article.locator(".tex").last.text_content() == r"$\nosuchcommand{x}$"
        await page.wait_for_function("[...document.fonts].some((font) => font.status === 'loaded')")


async def test_without_javascript_a_page_reads_as_text(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/birds/2026-04-20.html", java_script_enabled=False) as page:
        assert "We show α₁ ≤" in (await page.locator("article[id='2604.00001'] .abstract").text_content() or "")
        assert await page.get_by_role("button").count() == 0
        await page.goto(f"{address}/index.html")
        assert await page.locator("#search").is_hidden()
        await page.get_by_role("link", name="17 April 2026: 1 paper").click()
        await page.wait_for_url("**/birds/2026-04-17.html")


async def test_hostile_text_does_nothing(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/birds/2026-04-20.html") as page:
        assert await page.locator("article[id='2604.00002'] h2").text_content() == HOSTILE
        assert await page.title() == "Birds & Maps · 2026-04-20"
        await page.goto(f"{address}/index.html#type=cross")
        assert await found(page, "1 paper") == [HOSTILE]
        assert await page.title() == "Papers by topic"
        assert await page.locator("img").count() == 0


async def test_the_policy_lets_no_other_script_run(browser: Browser, address: str) -> None:
    profile = await browser.new_context()
    page = await profile.new_page()
    await page.goto(f"{address}/index.html")
    refused = await page.evaluate(
        """() => new Promise((seen) => {
            addEventListener("securitypolicyviolation", (event) => seen(event.violatedDirective));
            const script = document.createElement("script");
            script.textContent = "document.title = 'pwned'";
            document.head.append(script);
        })"""
    )
    assert refused == "script-src-elem"
    assert await page.title() == "Papers by topic"
    await profile.close()


async def test_bibtex_is_copied_as_the_file_has_it(browser: Browser, address: str, folder: Path) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    async with opened(browser, f"{address}/birds/2026-04-17.html", permissions=permissions) as page:
        await page.get_by_role("button", name="Copy BibTeX").click()
        await page.get_by_role("status").filter(has_text="Copied 1 entry.").wait_for()
        copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == (folder / "birds" / "2026-04-17.bib").read_text(encoding="utf-8")


async def test_titles_only_hides_abstracts_but_not_on_paper(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/birds/2026-04-17.html") as page:
        await page.get_by_role("button", name="Titles only").click()
        assert await page.locator(".abstract").first.is_hidden()
        await page.emulate_media(media="print")
        assert await page.locator(".abstract").first.is_visible()
        for unprinted in (".bar", ".tools", ".links details"):
            assert await page.locator(unprinted).first.is_hidden()


async def test_a_page_links_its_neighbours_also_those_that_came_later(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/birds/2026-04-17.html") as page:
        await page.get_by_role("link", name="Mon 20 Apr 2026 →").click()
        await page.wait_for_url("**/birds/2026-04-20.html")
        assert await page.title() == "Birds & Maps · 2026-04-20"
        assert await page.locator("#later").count() == 0


@pytest.mark.parametrize("path", ["index.html", "index.html#q=pigeon+study", "birds/2026-04-20.html"])
async def test_a_narrow_phone_never_scrolls_sideways(browser: Browser, address: str, path: str) -> None:
    async with opened(browser, f"{address}/{path}", viewport={"width": 320, "height": 640}) as page:
        if "#" in path:
            await found(page, "60 papers")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("path", ["index.html", "index.html#category=cs.CV", "birds/2026-04-20.html"])
async def test_axe_finds_no_violation(browser: Browser, address: str, axe: str, path: str) -> None:
    async with opened(browser, f"{address}/{path}") as page:
        if "#" in path:
            await found(page, "65 papers")
        if "birds" in path:
            await page.locator("article[id='2604.00001']").scroll_into_view_if_needed()
        assert await faults(page, axe, widths=(1280,)) == []


async def test_the_front_page_opens_with_the_best_papers_of_the_latest_mailing(
    browser: Browser, address: str
) -> None:
    async with opened(browser, f"{address}/index.html") as page:
        best = page.locator("section.best").first
        assert "the best 5 of 63 papers" in await best.inner_text()
        assert await best.locator("h3").count() == 5
        await best.get_by_role("link", name="Feathers").click()
        await page.wait_for_url("**/birds/2026-04-20.html#2604.00003")


async def test_abstracts_are_searched_too_and_the_sentence_is_shown(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/index.html") as page:
        await page.get_by_label("Search titles").fill('"we show α"')
        assert await found(page, "1 paper") == ["Maps of ℝ² at 50%"]
        assert "We show α₁" in (await page.locator("#results .abstract").text_content() or "")
        await page.get_by_label("Search titles").fill('"α show we"')
        await found(page, "0 papers. Without the quotes, the words may stand apart.")
        await page.get_by_label("Search titles").fill("nowhere anywhere")
        await found(page, "0 papers. Every word has to be there: fewer words may find more.")
        await page.get_by_label("Search titles").fill("nowhere")
        await found(page, "0 papers. Only papers that a topic of this site claimed are here.")
        await page.get_by_label("Type").select_option("replace")
        await found(page, "0 papers. A filter is set: fewer filters may find more.")


async def test_matched_terms_are_marked(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/birds/2026-04-20.html") as page:
        assert await page.locator("article[id='2604.10007'] h2 mark").all_text_contents() == ["Pigeon"]


async def test_papers_are_filtered_by_words_and_phrases(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/birds/2026-04-20.html") as page:
        await page.keyboard.press("/")
        await page.keyboard.type('"pigeon study 1"')
        assert await page.locator("#left").inner_text() == "11 of 63"
        assert await page.locator("article:visible").count() == 11
        await page.keyboard.type(" muñoz")
        assert await page.locator("#left").inner_text() == "0 of 63"
        await page.keyboard.press("Escape")
        assert await page.locator("article:visible").count() == 63


async def test_the_keys_go_from_paper_to_paper(browser: Browser, address: str) -> None:
    here = "document.activeElement.id"
    async with opened(browser, f"{address}/birds/2026-04-20.html") as page:
        papers = await page.locator("article").evaluate_all("all => all.map(each => each.id)")
        seen = []
        for key in "jjkj":
            await page.keyboard.press(key)
            seen.append(await page.evaluate(here))
        assert seen == [papers[0], papers[1], papers[0], papers[1]]


async def test_arxiv_s_own_order_is_one_click_away(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/birds/2026-04-20.html") as page:
        ids = "all => all.map(each => each.id)"
        best = await page.locator("article").evaluate_all(ids)
        await page.get_by_role("button", name="arXiv's order").click()
        listed = await page.locator("article").evaluate_all(ids)
        entries = pages()[0].entries
        assert listed == [e.paper.identifier for e in in_order(entries)]
        assert listed != best
        await page.get_by_role("button", name="arXiv's order").click()
        assert await page.locator("article").evaluate_all(ids) == best


def written(folder: Path, entries: tuple[DigestEntry, ...]) -> str:
    """A page of these papers, and what it needs; its address."""
    templates = Templates()
    assets = Assets.find(templates)
    for path, source in assets.files.items():
        write_atomically(folder / path, source.read_bytes())
    page = render_web_page(TopicPage(BIRDS, MONDAY, entries), SiteContext(assets.names), templates)
    write_atomically(folder / "birds" / "2026-04-20.html", page)
    write_atomically(folder / "birds" / "mailings.js", mailings({MONDAY: len(entries)}))
    return (folder / "birds" / "2026-04-20.html").as_uri()


async def test_a_link_to_one_of_500_papers_lands_on_it_exactly(browser: Browser, tmp_path: Path) -> None:
    entries = tuple(
        entry(paper(f"2604.2{n:04d}", title=f"Study {n}", abstract="On birds. " * (5 + n * 7 % 150)))
        for n in range(500)
    )
    url = written(tmp_path, entries)
    lands = """(identifier) => {
        const top = document.getElementById(identifier).getBoundingClientRect().top;
        return Math.abs(top - 16) <= 2 || innerHeight + scrollY >= document.documentElement.scrollHeight - 1;
    }"""
    linked = ["2604.20250", "2604.20499", "2604.20000"]
    for identifier in linked:
        async with opened(browser, f"{url}#{identifier}") as page:
            await page.wait_for_function(lands, arg=identifier)
    async with opened(browser, url) as page:
        for identifier in linked:
            await page.evaluate("(identifier) => { location.hash = identifier }", identifier)
            await page.wait_for_function(lands, arg=identifier)


async def test_35_papers_print_on_twelve_pages_at_most(browser: Browser, tmp_path: Path) -> None:
    abstract = "We present a bird that reads maps of the old town and of its towers, one by one. " * 16
    entries = tuple(
        entry(paper(f"2604.2{n:04d}", title=f"A Study of Birds {n}", abstract=abstract)) for n in range(35)
    )
    async with opened(browser, written(tmp_path, entries)) as page:
        printed = await page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 12
