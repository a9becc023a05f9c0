from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import text
from bot.publish.katex import typeset


def as_read(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def test_a_formula_keeps_its_tex_and_shows_its_text_until_katex_draws_it() -> None:
    shown = typeset(r"A bound of $\alpha^2$ for all.")
    assert shown.markup == r'A bound of <span class="tex" data-tex="\alpha^2">α²</span> for all.'
    assert shown.formulas == 1


@pytest.mark.parametrize(
    ("raw", "tex"),
    [
        (r"$$a<b$$", "a&lt;b"),
        (r"\[a_1\]", "a_1"),
        (r"\(a_1\)", "a_1"),
        (r"for \$5 and $x_1$", "x_1"),
        (r"$k$-means, $n$ times", "k"),
    ],
)
def test_every_fence_of_tex_is_known(raw: str, tex: str) -> None:
    assert f'data-tex="{tex}"' in typeset(raw).markup


def test_what_stands_on_its_own_line_in_tex_does_so_here() -> None:
    assert 'class="tex display"' in typeset("$$x=1$$").markup
    assert 'class="tex display"' in typeset(r"\[x=1\]").markup
    assert 'class="tex"' in typeset("$x=1$").markup


@pytest.mark.parametrize(
    "raw",
    [
        "from $5 to $10",
        "$5 per seat and $6 per desk",
        "costs $5",
        r"\$x\$",
        "no formula, 50% & <b>",
        "US$ 5 and A$ 6",
    ],
)
def test_a_price_is_no_formula(raw: str) -> None:
    assert typeset(raw).formulas == 0
    assert as_read(typeset(raw).markup) == text.flatten_tex(raw)


def test_tex_around_a_formula_is_flattened_as_ever() -> None:
    shown = typeset(r"\emph{Erd\H{o}s} on $G_{n,p}$ \& more")
    assert as_read(shown.markup).startswith("Erdős on ")
    assert as_read(shown.markup).endswith(" & more")


@pytest.mark.parametrize(
    ("raw", "formulas"), [(r"\href{$x_1$}{$x_1$}", 1), (r"\href{$x_1$}{$y$}", 2), (r"\a{$x$ y}", 1)]
)
def test_where_tex_repeats_or_moves_a_formula_each_stands_where_its_text_does(raw: str, formulas: int) -> None:
    assert typeset(raw).formulas == formulas
    assert as_read(typeset(raw).markup) == text.flatten_tex(raw)


def test_a_formula_that_stays_tex_is_code_until_katex_draws_it() -> None:
    shown = typeset(r"on $\x{y}<z$ \begin{tikzcd} a \end{tikzcd}").markup
    assert r'<span class="tex" data-tex="\x{y}&lt;z"><code>$\x{y}&lt;z$</code></span>' in shown
    assert r"<code>\begin{tikzcd} a \end{tikzcd}</code>" in shown


def test_an_environment_stands_on_its_own_line_with_its_name() -> None:
    shown = typeset(r"\begin{align} a &= b \end{align}").markup
    assert r'<span class="tex display" data-tex="\begin{align} a &amp;= b \end{align}">a = b</span>' in shown


@pytest.mark.parametrize("paint", [r"\rule{20em}{20em}", r"\raisebox{20em}{x}", r"\kern9em", r"\Huge x"])
def test_what_could_cover_a_page_is_left_to_its_text(paint: str) -> None:
    assert typeset(f"a ${paint}$").formulas == 0


def test_of_very_many_formulas_the_last_ones_are_text() -> None:
    shown = typeset(" ".join(f"${number}$" for number in range(10_000, 15_000)))
    assert shown.formulas == 4_096
    assert as_read(shown.markup).split() == [str(number) for number in range(10_000, 15_000)]


def test_a_formula_cannot_leave_its_attribute() -> None:
    shown = typeset('$x="><script>alert(1)</script>$ <img src=x onerror=alert(1)>').markup
    assert "<script" not in shown
    assert "<img" not in shown
    assert shown.count("<") == 2


@given(st.text(alphabet=st.sampled_from("ab $\\(){}[]%&<>\"'_^12\ue000\n") | st.characters(), max_size=80))
def test_any_text_becomes_text_and_spans_and_nothing_else(raw: str) -> None:
    shown = typeset(raw).markup
    rest = re.sub(r'<span class="tex(?: display)?" data-tex="[^"<>]*">([^<>]*)</span>', r"\1", shown)
    assert "<" not in rest
    assert ">" not in rest
    shown.encode()
