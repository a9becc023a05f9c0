from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import value_types


@given(st.times())
def test_every_time_of_day_is_read_as_it_is_written(moment: time) -> None:
    moment = moment.replace(second=0, microsecond=0)
    assert value_types.wall_time(f"{moment:%H:%M}") == moment


@pytest.mark.parametrize("written", ["480", "8", "24:00", "08:60", "08:00:30", "8 am", "08.00", "", "٠٨:٠٠"])
def test_what_is_no_time_of_day_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match='a time of day is expected, like "08:00"'):
        value_types.wall_time(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("8", "08:00"),
        ("8am", "08:00"),
        ("8 AM", "08:00"),
        ("8:30 p.m.", "20:30"),
        ("12am", "00:00"),
        ("12 pm", "12:00"),
        ("20h", "20:00"),
        ("8h15", "08:15"),
        ("08.00", "08:00"),
        ("8 Uhr", "08:00"),
        ("8 o'clock", "08:00"),
        ("23:59", "23:59"),
    ],
)
def test_a_time_of_day_is_understood_as_people_say_it_and_proposed_as_it_is_written(written: str, meant: str) -> None:
    assert f"{value_types.spoken_time(written):%H:%M}" == meant
    if not value_types.WALL_TIME.fullmatch(written):
        with pytest.raises(ValueError, match=f'like "{meant}"$'):
            value_types.wall_time(written)


@pytest.mark.parametrize("written", ["", "24", "25:00", "13pm", "0am", "8:60", "480", "noon", "8x", "-8", "٨"])
def test_what_nobody_says_is_no_time_of_day(written: str) -> None:
    assert value_types.spoken_time(written) is None


def test_the_week_begins_on_monday() -> None:
    assert [value_types.weekday(day) for day in ("mon", "Tue", "SUN")] == [0, 1, 6]


@pytest.mark.parametrize("written", ["monday", "mo", "0", ""])
def test_what_is_no_weekday_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="a weekday is one of mon, tue, wed"):
        value_types.weekday(written)


def test_durations_are_minutes_hours_or_days() -> None:
    assert value_types.duration("30m") == timedelta(minutes=30)
    assert value_types.duration("12h") == timedelta(hours=12)
    assert value_types.duration("2d") == timedelta(days=2)


@pytest.mark.parametrize("written", ["12", "0h", "-1h", "1.5h", "12 h", "1w", "999999d", ""])
def test_what_is_no_duration_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="a duration is expected, like 30m, 12h or 2d"):
        value_types.duration(written)


def test_a_zone_is_known_by_its_name() -> None:
    assert value_types.zone("America/New_York").key == "America/New_York"


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("Europe/Berln", r": did you mean Europe/Berlin\?"),
        ("europe/Berlin", r": did you mean Europe/Berlin\?"),
        ("xxxxxxxxxxxx", ": a name like Europe/Berlin is expected"),
        ("UTC+2", ": a city is expected, like Europe/Berlin, or all year round Etc/GMT-2$"),
        ("gmt-05:00", r": a city is expected, like Europe/Berlin, or all year round Etc/GMT\+5$"),
        ("+2", ": a city is expected, like Europe/Berlin, or all year round Etc/GMT-2$"),
        ("UTC-14", ": a name like Europe/Berlin is expected"),
        ("UTC+5:30", ": a name like Europe/Berlin is expected"),
        ("../../etc/passwd", ""),
        ("Europe", ""),
        ("", ""),
    ],
)
def test_an_unknown_zone_is_refused_with_what_was_meant(written: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"^no such time zone{hint}"):
        value_types.zone(written)


@pytest.mark.parametrize(
    "written",
    [
        "https://rss.arxiv.org/rss/",
        "https://user:word@example.org:8443/a?b=c",
        "http://localhost:8000",
        "http://127.0.0.1/",
        "http://127.8.8.8/",
        "http://[::1]:80/",
        "HTTPS://example.org",
    ],
)
def test_urls_are_https_or_on_loopback(written: str) -> None:
    assert value_types.url(written) == written


@pytest.mark.parametrize(
    "written",
    ["http://rss.arxiv.org/", "http://10.0.0.1/", "HTTP://localhost.example.org", "http://127.0.0.1.example.org/"],
)
def test_plain_http_is_refused_off_loopback(written: str) -> None:
    with pytest.raises(ValueError, match=value_types.USE_HTTPS):
        value_types.url(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "arxiv.org/rss",
        "ftp://arxiv.org/",
        "https://",
        "https://a:99999/",
        "https://a:b/",
        "https://[::1",
        "https://a/{b",
    ],
)
def test_what_is_no_url_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"a URL is expected, like https://example\.org/"):
        value_types.url(written)


def test_a_url_names_exactly_its_placeholders() -> None:
    template = "https://arxiv.org/catchup/{category}/{date}"
    assert value_types.url(template, placeholders=("category", "date")) == template
    with pytest.raises(ValueError, match=r"has to name \{category\} and \{date\} in braces"):
        value_types.url("https://arxiv.org/catchup/{category}", placeholders=("category", "date"))
    with pytest.raises(ValueError, match=r"no \{braces\} are expected"):
        value_types.url(template)


@pytest.mark.parametrize("brace", ["{category:s}", "{category:>9999999999}", "{category!r}", "{category.x}", "{}"])
def test_a_placeholder_is_a_name_and_nothing_else(brace: str) -> None:
    with pytest.raises(ValueError, match=r"has to name \{category\} in braces"):
        value_types.url(f"https://arxiv.org/{brace}", placeholders=("category",))


@pytest.mark.parametrize("written", ["ada@uni.example.edu", "https://uni.example.edu/bot", "http://lab.example.edu"])
def test_a_contact_is_a_mail_address_or_a_page(written: str) -> None:
    assert value_types.contact(written, live=True) == written


@pytest.mark.parametrize(
    "written", ["Ada", "ada@", "ada@host", "Ada <ada@uni.example.edu>", "https://a b", "a@b.c\nX: y"]
)
def test_live_arxiv_wants_a_contact_that_can_be_reached(written: str) -> None:
    with pytest.raises(ValueError, match="your mail address or a URL is expected"):
        value_types.contact(written, live=True)


def test_on_loopback_a_contact_is_anything_that_fits_into_a_header() -> None:
    assert value_types.contact("the test suite", live=False) == "the test suite"
    with pytest.raises(ValueError, match="your mail address or a URL is expected"):
        value_types.contact("a\r\nX-Evil: b", live=False)


def test_a_relative_store_is_made_absolute() -> None:
    folder = Path("/srv/bot")
    assert value_types.store("sqlite:///paperboy.db", folder=folder) == "sqlite:////srv/bot/paperboy.db"
    assert value_types.store("sqlite:////var/p.db", folder=folder) == "sqlite:////var/p.db"
    assert value_types.store("sqlite:///~/p.db", folder=folder) == f"sqlite:///{Path.home()}/p.db"


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("postgres://me:hunter2@db/papers", "is expected"),
        ("mysql://me:hunter2@db/papers", "sqlite:///paperboy.db or postgresql"),
        ("paperboy.db", "sqlite:///paperboy.db or postgresql"),
        ("sqlite://", "sqlite:///paperboy.db or postgresql"),
        ("sqlite:///", "a store in memory forgets what was sent"),
        ("sqlite:///:memory:", "a store in memory forgets what was sent"),
    ],
)
def test_any_other_store_is_refused_without_its_password(written: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        value_types.store(written, folder=Path("/srv"))
    assert "hunter2" not in str(caught.value)


def test_a_postgresql_url_is_taken_as_it_stands() -> None:
    for url in ("postgresql+psycopg://me:hunter2@db/papers", "postgresql://db/papers"):
        assert value_types.store(url, folder=Path("/srv")) == url


@pytest.mark.parametrize("written", ["~nobody-has-this-name/p.db", "a\x00b"])
def test_a_path_that_leads_nowhere_is_refused(written: str) -> None:
    folder = Path("/srv")
    for refused in (
        lambda: value_types.path(written, folder=folder),
        lambda: value_types.existing(written, folder=folder),
        lambda: value_types.store(f"sqlite:///{written}", folder=folder),
    ):
        with pytest.raises(ValueError, match=r"~ stands for no home directory that is known|a path is expected"):
            refused()


def test_a_folder_has_to_be_there(tmp_path: Path) -> None:
    assert value_types.existing(".", folder=tmp_path) == tmp_path
    with pytest.raises(ValueError, match="there is no such folder"):
        value_types.existing("looks", folder=tmp_path)


def test_a_published_page_has_no_slash_at_its_end() -> None:
    assert value_types.page("https://example.org/papers/") == "https://example.org/papers"
    assert value_types.page("https://example.org/papers/?") == "https://example.org/papers"


@pytest.mark.parametrize("written", ["https://example.org/papers?page=1", "https://example.org/#papers"])
def test_a_published_page_has_neither_query_nor_fragment(written: str) -> None:
    with pytest.raises(ValueError, match=r"a URL without \? and # is expected"):
        value_types.page(written)


@pytest.mark.parametrize("written", ["papers", "a/b/c", "a b/c", "https://github.com/a/b", ""])
def test_a_repository_is_owner_and_name(written: str) -> None:
    assert value_types.repository("example/papers.io") == "example/papers.io"
    with pytest.raises(ValueError, match="expected as owner/name"):
        value_types.repository(written)


@pytest.mark.parametrize("written", ["", "a b", "a/b", "a.b", "ä", "a:"])
def test_names_are_letters_digits_hyphens_and_underscores(written: str) -> None:
    assert value_types.key("Vision-lab_2") == "Vision-lab_2"
    with pytest.raises(ValueError, match="letters, digits, - and _"):
        value_types.key(written)


@pytest.mark.parametrize("name", ["x" * 57, "https://hooks.example.org/T/B/x", "two\nlines", ""])
def test_what_could_be_a_secret_is_not_shown(name: str) -> None:
    assert value_types.shown(name) == "(not shown)"


@pytest.mark.parametrize("name", ["cs.*", "vision-lab", "Zoë", "my topic", "owner/name"])
def test_what_looks_like_a_name_is_shown(name: str) -> None:
    assert value_types.shown(name) == name


def test_what_was_meant_is_the_nearest_whatever_its_case() -> None:
    assert value_types.did_you_mean("Keyword", ["keywords", "authors"]) == ": did you mean keywords?"
    assert value_types.did_you_mean("zzz", ["mail", "Slack"]) == ": there is mail, Slack"
    assert value_types.did_you_mean("zzz", [f"topic-{number}" for number in range(50)]) == ""
    assert value_types.did_you_mean("zzz", []) == ""


def test_a_pattern_is_all_the_categories_it_stands_for() -> None:
    assert value_types.categories("cs.NA") == ("math.NA",)
    assert "q-bio.NC" in value_types.categories("q-bio.*")
    with pytest.raises(ValueError, match=r"^unknown category cs\.CVV: did you mean cs\.CV\?$"):
        value_types.categories("cs.CVV")


def test_a_topic_s_words_say_what_to_look_for() -> None:
    assert value_types.keyword("C++") == "C++"
    assert value_types.author("Byron, A") == "Byron, A"
    assert value_types.query("ti:pigeon") == "ti:pigeon"
    with pytest.raises(ValueError, match="says nothing to look for"):
        value_types.keyword("?!")
    with pytest.raises(ValueError, match="an author's name is expected"):
        value_types.author("Jr.")
    with pytest.raises(ValueError, match=r"\(column \d+\)"):
        value_types.query("(pigeon OR")
