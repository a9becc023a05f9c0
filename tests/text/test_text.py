"""Tidying, folding, cutting and the escapes; what TeX becomes is in test_tex."""

from __future__ import annotations

import html
import re
from datetime import date
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.model import Author
from bot.text import (
    ELLIPSIS,
    ZERO_WIDTH_SPACE,
    clean,
    day,
    escape_discord,
    escape_html,
    escape_markdown,
    escape_mrkdwn,
    escape_plain,
    flatten_tex,
    markup_html,
    names,
    normalise,
    some,
    truncate,
    utf16,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ANY_TEXT = st.text(st.characters(exclude_categories=()))
FORMULAS = [
    *(r"$\x{y}<z$", r"$\x{*_[}$", r"\[ \x{y}#1 \]", r"\begin{a} &lt; \end{a}"),  # which a code span can hold
    *(r"$\x{[a](b)}$", r"$\x{@here}$", r"$\x{`}$", r"$\x $ $"),
]
MARKUP = st.lists(
    st.sampled_from([*r"*_~`|#<>[]()\$&@:!.-+= ", "a", "1", "x y", "&lt", ";", "https://a.b/", "()", *FORMULAS])
).map("".join)
HOSTILE = ANY_TEXT | MARKUP
ESCAPES = [escape_plain, escape_html, markup_html, escape_mrkdwn, escape_discord, escape_markdown]


def bare(text: str) -> str:
    return text.replace(ZERO_WIDTH_SPACE, "")


class TestTidy:
    def test_white_space_and_control_characters_become_one_blank(self) -> None:
        assert clean(" a\n\tb\x00c\x1b[31m\u2028d\x85e\u00a0f ") == "a b c [31m d e f"

    def test_nothing_overrides_the_direction_of_writing(self) -> None:
        assert clean("\u202eevil\u202c \u2066x\u2069\u200f\u061c") == "evil x"

    def test_a_lone_surrogate_is_replaced(self) -> None:
        assert clean("a\ud800b") == "a\ufffdb"

    def test_other_scripts_and_joined_emoji_stay(self) -> None:
        text = "学习 نماذج हिन्दी 👩‍💻 🏴‍☠️ é می\u200cخواهم क्\u200d ක්\u200dර"
        assert clean(text) == text

    def test_what_shows_nothing_is_gone(self) -> None:
        assert clean("V\u200bL\u2060M\ufeff f\u200ci \u200dx") == "VLM fi x"

    def test_what_only_looks_like_a_blank_is_one(self) -> None:
        assert clean("a\u3164b\u2800c\uffa0") == "a b c"

    def test_what_varies_its_neighbour_stays_where_there_is_one(self) -> None:
        assert clean("❤\ufe0f 1\ufe0f\u20e3 \ufe0fa 葛\U000e0100") == "❤\ufe0f 1\ufe0f\u20e3 a 葛\U000e0100"
        flag = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
        assert clean(f"{flag} a\U000e0067") == f"{flag} a"

    @pytest.mark.parametrize(
        "unseen", "\xad\u034f\u115f\u1160\u2061\u2064\u206a\u206f\ufff9\ufffb\U000e0001\U000e0041"
    )
    def test_nor_does_anything_else_that_shows_nothing_stay(self, unseen: str) -> None:
        assert clean(f"V{unseen}LM") == "VLM"
        assert clean(f"é{unseen}") == "é"

    @pytest.mark.parametrize(
        "nothing",
        [
            "\u3164\u115f",
            "\u2800",
            "\xad\ufe0f",
            "\u200b",
            "\u2060\u200b",
            "\ufeff",
            "\u200c\u200d",
            " \u200b\u200d\t",
        ],
    )
    def test_a_text_of_nothing_visible_is_empty(self, nothing: str) -> None:
        assert clean(nothing) == ""

    @pytest.mark.parametrize("escape", [clean, flatten_tex, normalise, *ESCAPES])
    @given(HOSTILE)
    def test_every_text_can_be_encoded_and_controls_nothing(self, escape: type[str], text: str) -> None:
        shown = escape(text)
        shown.encode()
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]", shown)


class TestFlattenTex:
    @pytest.mark.parametrize(
        ("torn", "mended"),
        [
            ("code will be available atthis https URL", "code will be available at this https URL"),
            ("The data:this http URL.", "The data: this http URL."),
            ("code (this https URL)", "code (this https URL)"),
            ("see this https URL", "see this https URL"),
            ("dothis httpsURL", "dothis httpsURL"),
        ],
    )
    def test_a_link_torn_from_its_word_is_mended(self, torn: str, mended: str) -> None:
        assert flatten_tex(torn) == mended

    def test_what_tex_leaves_is_tidied(self) -> None:
        assert flatten_tex("a\\quad b\n \\textbf{ c }") == "a b c"


class TestFold:
    @pytest.mark.parametrize(
        ("text", "folded"),
        [
            ("Vision-Language  Model", "vision language model"),
            ("vision–language\nmodel", "vision language model"),
            ("Erd\\H{o}s and Łukasz Straße", "erdos and lukasz strasse"),
            ("$\\mathcal{O}(n^2)$", "o(n2)"),
            ("INTERNATIONALİ", "internationali"),
            ("co\u00adoperate isn’t", "cooperate isn't"),
            ("C++ -", "c++"),
            ("हिन्दी", "हिनदी"),
            ("V\u200bL\u2060M क्\u200d", "vlm क"),
            ("ＶＬＭ ﬁt", "vlm fit"),
        ],
    )
    def test_case_accents_hyphens_and_tex_do_not_matter(self, text: str, folded: str) -> None:
        assert normalise(text) == folded

    @given(ANY_TEXT)
    def test_upper_and_lower_case_fold_alike(self, text: str) -> None:
        letters = "".join(c for c in text if c.isascii() and c.isalpha())
        assert normalise(letters.upper()) == normalise(letters.lower())


class TestCut:
    def test_what_fits_stays(self) -> None:
        assert truncate("four", 4) == "four"

    def test_it_cuts_at_a_words_end(self) -> None:
        assert truncate("one two, three", 12) == "one two…"
        assert truncate("one two three", 8) == "one two…"

    def test_it_cuts_at_a_sentences_end_in_the_last_third(self) -> None:
        assert truncate("We teach pigeons. They learn a lot of it.", 25) == "We teach pigeons. …"

    def test_a_sentences_end_further_up_is_no_good_place(self) -> None:
        assert truncate("We teach. They learn a lot of it in spring.", 30) == "We teach. They learn a lot of…"

    def test_an_abbreviation_ends_no_sentence(self) -> None:
        assert truncate("As shown by Byron et al. The rest of it follows.", 31) == "As shown by Byron et al. The…"

    def test_a_sentence_is_not_cut_where_the_ellipsis_has_no_room(self) -> None:
        assert truncate("We teach pigeons. Then more", 18) == "We teach pigeons…"

    def test_it_does_not_cut_through_a_formula_that_stayed_tex(self) -> None:
        assert truncate(r"We show $\x{a} < b. C$ here", 15) == "We show…"
        assert truncate(r"We show $\x{a} < b. C$ here", 24) == r"We show $\x{a} < b. C$…"
        assert truncate(r"$\x{a} < b$ here", 9) == r"$\x{a} <…"

    def test_a_word_that_is_too_long_is_cut_inside(self) -> None:
        assert truncate("Donaudampfschifffahrt", 6) == "Donau…"

    def test_it_does_not_part_a_letter_from_its_accent_nor_an_emoji(self) -> None:
        assert truncate("abe\u0301def", 4) == "ab…"
        assert truncate("ab👩\u200d💻cd", 5) == "ab…"
        assert truncate("ab👍🏽cd", 4) == "ab…"

    def test_nothing_fits_into_nothing(self) -> None:
        assert truncate("text", 0) == ""
        assert truncate("", -1) == ""
        assert truncate("text", 1) == ELLIPSIS

    def test_it_measures_as_it_is_told(self) -> None:
        assert truncate("𝒪𝒪𝒪 𝒪𝒪𝒪", 8, utf16) == "𝒪𝒪𝒪…"

    @pytest.mark.parametrize("word", ["a", "&", "漢", "𝒪"])
    @pytest.mark.parametrize(
        "measure", [len, utf16, lambda text: len(escape_html(text)), lambda text: len(text) // 3]
    )
    def test_all_words_that_fit_are_kept_whether_they_measure_more_or_less_than_their_characters(
        self, word: str, measure: Callable[[str], int]
    ) -> None:
        words = [word] * 200
        kept = truncate(" ".join(words), 60, measure).removesuffix(ELLIPSIS).split()
        assert measure(" ".join(kept) + ELLIPSIS) <= 60 < measure(" ".join([*kept, word]) + ELLIPSIS)

    def test_an_escape_that_the_cut_itself_makes_needed_is_counted(self) -> None:
        assert truncate("x_e\u0301yyy", 4, lambda text: len(escape_markdown(text))) == "x…"

    @given(HOSTILE, st.integers(0, 60), st.sampled_from([len, utf16, lambda text: len(escape_markdown(text))]))
    def test_it_never_measures_more_than_the_limit_and_says_so_where_it_cut(
        self, text: str, limit: int, measure: type[int]
    ) -> None:
        text = clean(text)
        shown = truncate(text, limit, measure)
        assert measure(shown) <= limit
        if shown != text:
            assert not shown or shown.endswith(ELLIPSIS)
            assert text.startswith(shown.removesuffix(ELLIPSIS).rstrip())

    @given(st.lists(st.text("abc.,", min_size=1, max_size=8), min_size=2), st.integers(10, 60))
    def test_it_leaves_whole_words(self, words: list[str], limit: int) -> None:
        text = " ".join(words)
        kept = truncate(text, limit).removesuffix(ELLIPSIS).split()
        assert [word.rstrip(",.") for word in kept] == [word.rstrip(",.") for word in words[: len(kept)]]


def test_utf16_counts_as_javascript_does() -> None:
    assert [utf16("a"), utf16("é"), utf16("𝒪"), utf16("👩‍💻"), utf16("\ud800")] == [1, 1, 2, 5, 1]


def test_names_are_shown_in_unicode_and_the_rest_as_et_al() -> None:
    authors = [Author("Ada Byron"), Author('J\\"org \\L uk'), Author("Bo Chen")]
    assert names(authors, 3) == "Ada Byron, Jörg Łuk, Bo Chen"
    assert names(authors, 2) == "Ada Byron, Jörg Łuk, et al."


@pytest.mark.parametrize(
    ("names", "said"),
    [(1, "cs.A0"), (2, "cs.A0, cs.A1"), (3, "cs.A0, cs.A1 and 1 more"), (34, "cs.A0, cs.A1 and 32 more")],
)
def test_of_many_names_the_first_two_are_said_and_how_many_more_there_are(names: int, said: str) -> None:
    assert some([f"cs.A{number}" for number in range(names)]) == said


def test_a_day_is_written_the_same_in_every_locale() -> None:
    assert day(date(2026, 4, 21)) == "Tue 21 Apr 2026"


class Page(HTMLParser):
    """What a browser makes of some HTML: its tags and its text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.tags += [f"{name}={value}" for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


class TestEscapeHtml:
    @given(HOSTILE)
    def test_a_browser_shows_the_text_and_sees_no_tag(self, text: str) -> None:
        page = Page(f'<p title="{escape_html(text)}">{escape_html(text)}</p>')
        assert page.tags == ["p", f"title={clean(text)}"]
        assert page.text == clean(text)

    @given(HOSTILE)
    def test_marked_up_a_browser_shows_the_same_and_no_tag_but_code(self, text: str) -> None:
        page = Page(f"<p>{markup_html(text)}</p>")
        assert set(page.tags) <= {"p", "code"}
        assert page.text == clean(text)

    def test_a_formula_that_stayed_tex_is_code(self) -> None:
        assert markup_html(r"if $\x{y}<z$ > 1") == r"if <code>$\x{y}&lt;z$</code> &gt; 1"


class TestEscapeMrkdwn:
    @pytest.mark.parametrize("text", ["<!channel>", "<@U123>", "<https://evil.example|arXiv>", "<!here|x> & more"])
    def test_a_control_sequence_is_only_text(self, text: str) -> None:
        shown = escape_mrkdwn(text)
        assert not set("<>") & set(shown)
        assert bare(html.unescape(shown)) == text

    def test_a_mention_does_not_ping_and_a_measure_is_none(self) -> None:
        assert escape_mrkdwn("@here Pass@k a@b.org") == "@\u200bhere Pass@k a@b.org"
        assert "@everyone" not in escape_mrkdwn("_@everyone_ and x_@everyone")

    def test_marks_at_a_words_edge_are_kept_off_it(self) -> None:
        assert escape_mrkdwn("A* snake_case *b*") == "A\u200b*\u200b snake_case \u200b*\u200bb\u200b*\u200b"

    def test_an_emojis_short_code_is_only_text(self) -> None:
        assert escape_mrkdwn(":fire: 1:100:1 a: b") == ":\u200bfire: 1:\u200b100:1 a: b"

    def test_a_link_stays_whole(self) -> None:
        assert escape_mrkdwn("https://a.example/~b/_c:80:d") == "https://a.example/~b/_c:80:d"

    def test_a_formula_that_stayed_tex_is_code(self) -> None:
        assert escape_mrkdwn(r"if $\x{*y*}<z$ > *1*") == ("if `$\\x{*y*}&lt;z$` &gt; \u200b*\u200b1\u200b*\u200b")

    @given(HOSTILE)
    def test_a_reader_sees_the_text(self, text: str) -> None:
        seen = bare(html.unescape(escape_mrkdwn(text))).replace("`", "")
        assert seen == bare(html.unescape(html.escape(clean(text)))).replace("`", "")


def uncoded(found: re.Match[str]) -> str:
    """A code span as it would be written without one."""
    return found[1] or re.sub(r"([^\w\s]|_)", r"\\\1", found[2])


class TestEscapeDiscord:
    @pytest.mark.parametrize(
        ("text", "escaped"),
        [
            ("@everyone a@Here", "@\u200beveryone a@\u200bHere"),
            ("<@1> <#2> <:a:3>", r"\<@1\> \<#2\> \<\:a:3\>"),
            ("[x](javascript:alert)", r"\[x\](javascript:alert)"),
            ("javascript://x :smile: 1:2", r"javascript\://x \:smile: 1:2"),
            ("**b** _i_ ~~s~~ ||p|| `c`", r"\*\*b\*\* \_i\_ \~\~s\~\~ \|\|p\|\| \`c\`"),
            ("# A", r"\# A"),
            ("-# A - b", r"\-# A - b"),
            ("> A", r"\> A"),
            ("2. A 3. B", r"2\. A 3. B"),
            (r"a\*b", r"a\\\*b"),
            ("Vision-Language (VLM): 3.5 #1", "Vision-Language (VLM): 3.5 #1"),
        ],
    )
    def test_what_would_act_has_a_backslash(self, text: str, escaped: str) -> None:
        assert escape_discord(text) == escaped

    def test_a_bare_link_stays_whole(self) -> None:
        assert escape_discord("at https://a.example/~b_c/d_e.") == "at https://a.example/~b_c/d_e."

    def test_a_link_cannot_close_a_label(self) -> None:
        assert (
            escape_discord("https://a.example/](https://evil.example)")
            == r"https://a.example/\](https://evil.example)"
        )

    @pytest.mark.parametrize(
        "invite", ["https://discord.gg/abc", "discord.gg/abc", "https://discordapp.com/invite/x"]
    )
    def test_an_invite_is_no_link(self, invite: str) -> None:
        shown = escape_discord(invite)
        assert not re.search(r"\w://|discord(app)?\.(gg|com/invite)", shown)
        assert shown.replace("\\", "") == invite

    def test_many_links_come_to_an_end(self) -> None:
        assert escape_discord("http://a(" * 20_000)

    def test_a_formula_that_stayed_tex_is_code(self) -> None:
        assert escape_discord(r"if $\x{*y*}<z$ > *1*") == r"if `$\x{*y*}<z$` \> \*1\*"

    @given(HOSTILE)
    def test_no_mark_is_left_without_a_backslash_and_none_is_lost(self, text: str) -> None:
        shown = re.sub(r"(\\[^\w\s]|\\_)|`([^`]*)`", uncoded, escape_discord(text))
        outside = re.sub(r"(?<!\w)https?://[\w./?=&%#+,;:!~-]*", "", re.sub(r"\\([^\w\s]|_)", "", shown))
        assert not set("\\*_~`|<>[]") & set(outside)
        assert bare(re.sub(r"\\([^\w\s]|_)", r"\1", shown)) == bare(clean(text))


class TestEscapeMarkdown:
    @pytest.mark.parametrize(
        "title",
        [
            "VLMs: A Study (2nd ed.) of Vision-Language Models.",
            "AT&T's snake_case & 50% of ~10 or (~20), 3.5+",
            "Pass@k with C#, a@b.org, https://a.example/x_y?a=1&b=2 and www.example.org",
            'What "is" a / good caption?',
        ],
    )
    def test_a_plain_title_stays_as_it_is(self, title: str) -> None:
        assert escape_markdown(title) == title

    @pytest.mark.parametrize(
        ("text", "escaped"),
        [
            ("*a* _b_", "&#42;a&#42; &#95;b&#95;"),
            ("$x$", "<span>$</span>x<span>$</span>"),
            ("@user #12 (@org/team)", "@\u200buser #\u200b12 (@\u200borg/team)"),
            (":fire: 1:100:1 Pigeons: a", ":\u200bfire: 1:\u200b100:1 Pigeons: a"),
            ("&lt; &#42; &copyright &nosuch;", "&amp;lt; &amp;#\u200b42; &amp;copyright &nosuch;"),
            ("# A # b", "&#35; A # b"),
            ("1. A", "1&#46; A"),
            ("- A", "&#45; A"),
            ("~~a~~ b~c~", "&#126;&#126;a&#126;&#126; b&#126;c&#126;"),
            ("a\\", "a&#92;"),
            ("\\alpha", "\\alpha"),
            (r"$\x{y}$", r"<code><span>$</span>\x{y}<span>$</span></code>"),
        ],
    )
    def test_what_would_act_is_a_reference(self, text: str, escaped: str) -> None:
        assert escape_markdown(text) == escaped

    @given(HOSTILE)
    def test_inside_a_links_label_a_reader_sees_the_text_and_one_link(self, text: str) -> None:
        label = escape_markdown(text) or "-"
        page = Page(
            MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(f"- **[{label}](https://a.example)**")
        )
        tags = [tag for tag in page.tags if tag not in ("span", "code")]
        assert tags == ["ul", "li", "strong", "a", "href=https://a.example"]
        assert bare(page.text).strip() == bare(clean(text) or "-")

    @given(HOSTILE)
    def test_in_a_line_of_its_own_a_reader_sees_the_text(self, text: str) -> None:
        page = Page(
            MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(f"x\n\n{escape_markdown(text)}\n")
        )
        assert set(page.tags) <= {"p", "span", "code"}
        assert bare(page.text).split() == ["x", *bare(clean(text)).split()]

    @given(HOSTILE)
    def test_in_an_html_block_a_reader_sees_the_text(self, text: str) -> None:
        page = Page(
            MarkdownIt("commonmark").render(f"<details><summary>A</summary>\n{escape_markdown(text)}\n</details>")
        )
        assert [tag for tag in page.tags if tag not in ("span", "code")] == ["details", "summary"]
        assert bare(page.text).split() == ["A", *bare(clean(text)).split()]


@given(HOSTILE)
def test_plain_text_is_only_tidied(text: str) -> None:
    assert escape_plain(text) == clean(text)
