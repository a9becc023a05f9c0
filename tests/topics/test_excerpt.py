"""What is seen of a paper at a glance: the right lines, and marks where the reader looks for the term."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import text
from bot.model import Hit, Match, MatchMode
from bot.topics.excerpt import Excerpt, MatchedTerm, excerpt, matched_terms
from tests.builders import paper

FIELDS = ("title", "abstract")
FIRST = "Pigeons come home by the sun. "
FILLER = "Nothing of it was known before this year. " * 4


def at_a_glance(abstract: str, *terms: str, title: str = "Homing", limit: int = 100) -> Excerpt:
    found = [MatchedTerm(term, FIELDS) for term in terms]
    return excerpt(paper(title=title, abstract=abstract), found, title=80, abstract=limit)


def marked_in_mode(mode: MatchMode, abstract: str, term: str, *, whole_words: bool = False) -> str:
    found = [MatchedTerm(term, FIELDS, mode)]
    seen = excerpt(paper(title="Homing", abstract=abstract), found, title=80, abstract=500)
    return seen.abstract.as_markup(str, "[{}]", whole_words=whole_words)


def marked(abstract: str, *terms: str, whole_words: bool = False) -> str:
    return at_a_glance(abstract, *terms, limit=500).abstract.as_markup(str, "[{}]", whole_words=whole_words)


@pytest.mark.parametrize(
    ("term", "source", "shown"),
    [
        ("pigeon", "Of Pigeons and a pigeonhole", "Of [Pigeons] and a pigeonhole"),
        ("pigeons", "One pigeon", "One [pigeon]"),
        ("classes", "One class, two classes", "One [class], two [classes]"),
        ("Vision Language Model", "vision-language models, vision–language model", None),
        ("VLM", "A VLM-based VLMs", "A [VLM]-based [VLMs]"),
        ("Erdos", "The Erdős number", "The [Erdős] number"),
        ("Cafe\u0301", "a café", "a [café]"),
        ("pigeon*", "pigeonholes", "[pigeonholes]"),
        ("C++", "C++ and C", "[C++] and C"),
        ("geon", "Pigeons", "Pigeons"),
        ("dwarf galaxy", "On (dwarf galaxies).", "On ([dwarf galaxies])."),
        ("La2-xSrxCuO4", "of La$_{2-x}$Sr$_x$CuO$_4$ films", "of [La_(2-x)Sr_xCuO₄] films"),
        ("w0waCDM", "of $w_0w_a$CDM", "of [w₀w_aCDM]"),
        ("multi-modal", "multimodal, multi modal, a mode", "[multimodal], [multi modal], a mode"),
        ("finetuning", "by fine-tuning", "by [fine-tuning]"),
        ("colour", "Colors of a colorful bird", "[Colors] of a colorful bird"),
        ("supernova", "two supernovae", "two [supernovae]"),
        ("Lyα", "a Ly-alpha, a Lya and $Ly\\alpha$ line", "a [Ly-alpha], a [Lya] and [Lyα] line"),
        ("LLM-as-a-judge", "LLM as judge", "[LLM as judge]"),
        ("[O III]", "[OIII] or [O III]", "[[OIII]] or [[O III]]"),
        ("H2O", "in H$_2$O", "in [H₂O]"),
        ("field effect", "the ﬁeld-eﬀect", "the [ﬁeld-eﬀect]"),
        ("AEther", "Æther waves", "[Æther] waves"),
        ("*", "five * three", "five [*] three"),
        ("-", "five - three", "five - three"),
        ("owl", "no such bird", "no such bird"),
    ],
)
def test_a_term_is_marked_as_it_was_matched(term: str, source: str, shown: str | None) -> None:
    assert marked(source, term) == (shown or "[vision-language models], [vision–language model]")


@pytest.mark.parametrize(
    "source",
    ["see https://lab.example/pigeon for", "write to pigeon@lab.example today", r"on $\pigeon{pigeon}<y$ it"],
)
def test_no_mark_breaks_a_link_an_address_or_a_formula(source: str) -> None:
    assert marked(f"{source} pigeon", "pigeon") == f"{source} [pigeon]"


def test_of_terms_across_each_other_the_first_is_marked() -> None:
    assert marked("the carrier pigeon post", "carrier pigeon", "pigeon post", "pigeon") == "the [carrier pigeon] post"


@pytest.mark.parametrize(
    ("mode", "term", "shown"),
    [
        (MatchMode.EXACT, "GPS", "[GPS]-free GPSs, gps"),
        (MatchMode.EXACT, "free GPSs", "GPS-[free GPSs], gps"),
        (MatchMode.EXACT, "fre*", "GPS-[free] GPSs, gps"),
        (MatchMode.SUBSTRING, "ps", "G[PS]-free G[PS]s, g[ps]"),
        (MatchMode.WORDS, "GPS", "[GPS]-free [GPSs], [gps]"),
    ],
)
def test_a_term_is_marked_as_its_topic_compares_it(mode: MatchMode, term: str, shown: str) -> None:
    assert marked_in_mode(mode, "GPS-free GPSs, gps", term) == shown


def test_a_mark_inside_of_a_word_is_left_out_where_the_place_knows_none() -> None:
    assert marked_in_mode(MatchMode.SUBSTRING, "A geon of geons", "geon", whole_words=True) == "A [geon] of geons"


def test_what_is_cut_off_the_title_is_not_marked() -> None:
    seen = excerpt(paper(title="Pigeons and more owls"), [MatchedTerm("owl", FIELDS)], title=15, abstract=50)
    assert seen.title.spans == ()


def test_only_the_field_of_the_hit_is_marked() -> None:
    seen = excerpt(
        paper(title="A pigeon", abstract="A pigeon"),
        [MatchedTerm("pigeon", ("title", "author"))],
        title=80,
        abstract=80,
    )
    assert (seen.title.spans, seen.abstract.spans) == (((2, 8),), ())


def test_the_lines_are_the_first_ones_where_they_show_the_term() -> None:
    assert (
        at_a_glance(FIRST + FILLER, "sun")
        .abstract.as_markup(str, "[{}]")
        .startswith("Pigeons come home by the [sun].")
    )


def test_the_lines_are_the_first_ones_where_the_title_shows_it_or_nothing_does() -> None:
    shown = at_a_glance(FIRST + FILLER + "Owls too.", "owl", title="Of Owls")
    assert shown.title.as_markup(str, "[{}]") == "Of [Owls]"
    assert shown.abstract.text.startswith("Pigeons come")
    assert at_a_glance(FIRST + FILLER).abstract.text.startswith("Pigeons come")


def test_else_they_begin_with_the_sentence_that_has_it() -> None:
    later = at_a_glance(FIRST + FILLER + "In the dark all owls see well. More follows.", "owl").abstract
    assert later.as_markup(str, "[{}]") == "… In the dark all [owls] see well. More follows."


def test_in_an_endless_sentence_they_begin_a_few_words_before_it() -> None:
    later = at_a_glance("and so on " * 40 + "until owls come " + "and so on " * 40, "owl").abstract
    assert len(later.text) <= 100
    assert later.text.startswith("… ")
    assert "until [owls] come" in later.as_markup(str, "[{}]")


def test_a_term_after_an_endless_word_is_where_they_begin() -> None:
    assert at_a_glance("x" * 300 + "-owl", "owl").abstract.as_markup(str, "[{}]") == "… [owl]"


@given(
    st.text(st.characters(), max_size=400),
    st.lists(st.text(st.characters(), max_size=12), max_size=4),
    st.integers(5, 200),
)
def test_whatever_the_text_marks_stand_in_it_in_order_and_nothing_is_lost(
    source: str, terms: list[str], limit: int
) -> None:
    whole = text.flatten_tex(source)
    parts = whole.split()
    seen = at_a_glance(source, *terms, *parts[len(parts) // 2 :][:1], limit=limit).abstract
    assert len(seen.text) <= limit
    spans = [place for both in seen.spans for place in both]
    assert spans == sorted(spans)
    assert not spans or spans[-1] <= len(seen.text)
    assert seen.as_markup(str, "{}") == seen.text
    kept = seen.text.removeprefix("… ").removesuffix("…").strip()
    assert kept in whole or seen.text == whole


ABOUT = "Pigeons are old companions of ours. Many methods were proposed to find them. "
DOES = "We present a map of lofts, drawn by walking from roof to roof with a stick and a lamp in hand. "


def test_the_lines_begin_where_the_abstract_says_what_the_paper_does() -> None:
    shown = at_a_glance(ABOUT + DOES + FILLER, limit=120).abstract.text
    assert shown.startswith("… We present a map of lofts")
    assert len(shown) <= 120


def test_where_much_stands_before_the_lines_begin_with_what_is_done() -> None:
    sentence = (
        "Using 412 birds of five lofts in the old town and in the new one, we show that all of them can read maps."
    )
    assert at_a_glance(ABOUT + sentence + " " + FILLER, limit=120).abstract.text.startswith("… we show that all of")
    assert at_a_glance(sentence + " " + FILLER, limit=120).abstract.text.startswith("… we show that all of")
    assert at_a_glance(ABOUT + "To this end, we show maps to birds. " + FILLER, limit=120).abstract.text.startswith(
        "… To this end, we show"
    )


def test_a_term_in_the_sentence_that_says_what_the_paper_does_is_marked_there() -> None:
    shown = at_a_glance("Lofts are old. " + ABOUT + DOES + FILLER, "loft", limit=120).abstract
    assert shown.as_markup(str, "[{}]").startswith("… We present a map of [lofts], drawn")


def test_an_abstract_that_fits_is_shown_whole_also_where_it_says_later_what_the_paper_does() -> None:
    assert at_a_glance(ABOUT + DOES.strip(), limit=500).abstract.text == ABOUT + DOES.strip()


def test_an_abstract_that_begins_with_what_the_paper_does_is_shown_from_its_beginning() -> None:
    assert at_a_glance(DOES + FILLER, limit=120).abstract.text.startswith("We present a map")


def test_a_term_stands_once_with_its_fields_in_words() -> None:
    hits = (Hit("owl", "abstract"), Hit("crow", "title"), Hit("owl", "journal_ref"), Hit("owl", "abstract"))
    assert matched_terms(Match("birds", hits)) == (
        MatchedTerm("owl", ("abstract", "journal ref")),
        MatchedTerm("crow", ("title",)),
    )
    assert matched_terms(Match("birds")) == ()
