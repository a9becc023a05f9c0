from __future__ import annotations

import gzip
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.text import flatten_tex
from bot.text.latex import KEPT_AS_TEX, flatten

SHARED = Path(__file__).parents[2] / "../shared/data"
ABSTRACTS = SHARED / "metadata"
CASES = SHARED / "cases/06-tex.json"
FRAGMENTS = [
    *[
        "\\",
        "$",
        "$$",
        "{",
        "}",
        "~",
        "--",
        "---",
        "``",
        "''",
        "%",
        "^",
        "_",
        "&",
        "#",
        " ",
        "\\(",
        "\\ours",
        "\\rev{two words",
        "\\verb+",
        "\\begin{equation}",
        "\\end{equation}",
        "\\R",
        "\\)",
        "\\[",
        "\\]",
    ],
    *[
        "\\SI{5}{\\kilo\\hertz}",
        "\\SI{",
        "\\ce{H2",
        "z~2",
        "^{13}",
        "_{two words}",
        "^{+1.2}_{-0.3}",
        "\\mathcal{R}",
        "\\mathbb ",
        "\\raise.1ex",
        "\\lowercase{",
        "{\\sc ii}",
        "\\rm{",
        "\\not",
        "\\!",
        "\\,",
        "\\d",
        "\\left<",
        "\\begin{array}{cc}",
        "\\end{array}",
        "{,}",
        "{é}",
        "{B}ayes",
    ],
    *[
        "\\emph{",
        "\\textbf{b}",
        "\\frac{a}{b}",
        "\\frac",
        "\\sqrt[3]{x}",
        "^{",
        "_{n-1}",
        "\\'",
        '\\"',
        "\\v{c}",
        "\\L",
    ],
    *[
        "\\href{u}{t}",
        "\\unknown",
        "\\mathcal{O}",
        "\\begin{cases}",
        "\\%",
        "\\$",
        "word",
        "5",
        "x=1",
        "é",
        "𝒪",
        "\u0301",
    ],
]


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"Ren\'e J\"org Erd\H{o}s na{\"\i}ve {\'\i}le Csisz{\' a}r", "René Jörg Erdős naïve íle Csiszár"),
        (r"\v{S}ime\v cek Fran\c{c}ois Fran\c cois Wa{\l}\k{e}sa", "Šimeček François François Wałęsa"),
        (r"{\L}ukasz \L ukasz \O{}re Stra{\ss}e \AA ngstr\"om", "Łukasz Łukasz Øre Straße Ångström"),
        (r"Ho\`ang \^Ile Ha\~nez \=a \.Istanbul \u{g} \r{a} \d{s} \b{b}", "Hoàng Île Hañez ā İstanbul ğ å ṣ ḇ"),
    ],
)
def test_accents_are_put_on_their_letters(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\emph{a \textbf{b}} \textsc{c} {\em d} {\bf\small e} \underline{f}", "a b c d e f"),
        (r"\textcolor{red}{a}\footnote{b}. \citep{key}", "a (b). [key]"),
        (r"\href{https://a.example/x--y}{here} \href{u}{u} \url{https://a.example/b\_c~d}", None),
        (r"95\% \& \_ \# \$5 \{x\} \~{} \^{}", "95% & _ # $5 {x} ~ ^"),
        (r"a\,b\;c\ d\\e\quad f\-g\!h\/i", "a b c d e  fghi"),
        (r"4\times faster, \ie slowly, 20\degree", "4× faster, i.e. slowly, 20°"),
    ],
)
def test_text_commands_leave_their_text(tex: str, shown: str | None) -> None:
    assert flatten(tex) == (shown or "here (https://a.example/x--y) u https://a.example/b_c~d")


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        ("Fig.~3 of Llama~2, ``so--called'' --- or---not", "Fig. 3 of Llama 2, “so–called” — or—not"),
        ("~5% or (~6) at 3~4 and 3%~4%, Delta ~= 0, a.example/~me", None),
        ("run --force -- then -----", "run --force – then -----"),
        ("f''(x) isn''t ```code``` ``open", None),
        ('``half"', '“half"'),
    ],
)
def test_typography_is_told_from_what_only_looks_like_it(tex: str, shown: str | None) -> None:
    assert flatten(tex) == (shown or tex)


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"$\mathcal{O}(n \log n)$ \(x\) \[y\] $$z$$", "𝒪(n log n) x y z"),
        (r"$R^2 = 10^{-27}$, $x_{\mathrm{max}}^{2}$, $v_1^+$, $a^n$", "R² = 10⁻²⁷, x_max², v₁⁺, a^n"),
        (r"$2^{-H(B_{n-1})}$ $e^{i\pi t}$ $x_{i,j}$", "2^(-H(B_(n-1))) e^(iπ t) x_(i,j)"),
        (r"$\frac{a+b}{c}$ $\dfrac12$ $\sqrt{T}$ $\sqrt[6]{1+x}$", "(a+b)/c 1/2 √T ⁶√(1+x)"),
        (r"64$\times$64, 90$^\circ$, $+$5, $70$B, $66.3\%$, $5%$", "64×64, 90°, +5, 70B, 66.3%, 5%"),
        (r"$\barΔ$ $\boldsymbolθ$ $\boldsymbol{x}$ $\tilde{\mathcal{O}}$", "Δ\u0305 θ x 𝒪\u0303"),
        (r"$\gamma\in [0,1]$, $\|x\|\leq\left(1\right.$", "γ ∈ [0,1], ‖x‖≤(1"),
        (r"$a \equiv b \pmod{3}$ $\text{two words}$ $c \bmod d$", "a ≡ b (mod 3) two words c mod d"),
        (r"$\binom{n}{3}$ $A\xrightarrow{}B \xrightarrow{f+g} C$", "(n choose 3) A → B →^(f+g) C"),
        (r"$d= \begin{cases} 0,&a\\[1mm] 1,&b. \end{cases}$", "d = { 0, a; 1, b."),
        (r"outputs$\unicode{x2013}$available", "outputs–available"),
    ],
)
def test_formulas_are_unicode(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $10",
        "it saves $3,600 per model, or $5/$10",
        "between $5M-$10M for the whole lot, then $x",
        "$ 5 and 6 $",
        "100% sure, 50 % too { [and] } {GPT}",
        r"C:\d C:\Users\name \w+\d \begin{letter} \cite",
        r"$\ours{x} = 5$ and \(\ours{y}\)",
        r"$\begin{tikzcd} a & b \end{tikzcd}$ \begin{gather} \ours{x} \end{gather}",
        r"$\frac{a$ $x^{2$",
        "$$ { } \\emph \\",
        r"\r{h5} \k{applesauce} \textcolor{red} \'",
        "https://a.example/~b_c--d''e",
        r"don\'t",
    ],
)
def test_what_is_no_tex_or_cannot_be_shown_whole_stays_as_written(text: str) -> None:
    assert flatten(text) == text


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"${\cal N}=4$, ${\cal PT}$, $\cal O(x)$, $\Bbb R$, $\frak{sl}_2$", "𝒩=4, 𝒫𝒯, 𝒪(x), ℝ, 𝔰𝔩₂"),
        (r"${\rm SU}(3)_{\rm c}$, $70~{\rm km\,s^{-1}}$, 5$^{\rm th}$", "SU(3)_c, 70 km s⁻¹, 5th"),
        (r"$\mathop{\rm argmin}_x f$, $x\operatorname{Tr} y$, $\sl_2(C)$", "argmin_x f, x Tr y, sl₂(C)"),
        (r"$\mbox{if}$ $\hbox{so}$ $\ce{CO}$ $\pmb{x}$ $\mathds{1}$", "if so CO x 1"),
        (r"$\left(\frac12\right)$, $\frac{1}{2n}$, $2\frac13n$, $\sqrt{2n}$", "(1/2), 1/(2n), 2 1/3 n, √(2n)"),
        (
            r"${a \over b}$, $1\over\sqrt{n}$, ${n \choose k}$, $\tbinom nk$",
            "a/b, 1/(√n), (n choose k), (n choose k)",
        ),
        (r"$\bar B$ $\slashed{D}$ $\overline{x}$ $\widetilde{X}$", "B̅ D̸ x̅ X̃"),
        (r"$\widehat{AB}$ $\overline{f+g}$", "ÂB̂ (f+g)̅"),
        (r"$\ket{\psi}$ $\bra{a}$ $\braket{a|b}$ $\lvert x \rvert$ $\langle x \rangle$", "|ψ⟩ ⟨a| ⟨a|b⟩ |x| ⟨x⟩"),
        (r"$\hbar\ell$ $M_\odot$ $5\,\AA$ $3\,\mu m$ $\mu{\rm m}$ $90^\circ$", "ħℓ M_⊙ 5 Å 3 μm μm 90°"),
        (r"$e^+e^-$ $\gtrsim 5\sigma$ $f\colon X\to Y$ $A\backslash B$", "e⁺e⁻ ≳ 5σ f: X → Y A ∖ B"),
        (r"$O(n\log n)$ $\log\log\bar{m}\log{n}$ $\sin^2\theta$", "O(n log n) log log m̅ log n sin²θ"),
        (
            r"$x^{(k)}$ $2^{2n}$ $2^{2k}$ $\mathbb F_{q^2}$ $a_{b_c}$ $K_{6,6}$",
            "x^(k) 2²ⁿ 2^(2k) 𝔽_(q²) a_(b_c) K_(6,6)",
        ),
        (r"$x^{\prime\prime}$ $x^\prime$ $f''$ $\text{a }b$", "x'' x' f'' a b"),
        (r"$\color{red}{x}\hspace{1em}y$ $\stackrel{d}{=}$ $\underset{x}{\max}$", "x y =^d max_x"),
        (r"$x_{\min}$ $2^{[n]}$ $a\mid b$ $12\arcsec$ \ion{H}{ii}", "x_min 2^[n] a | b 12″ H ii"),
    ],
)
def test_formulas_as_physics_and_mathematics_write_them(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\ours\textbf{fast} \LaTeX\ and \AA{} thick Stra\ss{} und", "oursfast LaTeX and Å thick Straß und"),
        (r"p \textless 0.05, \S 3, \P\ 4, \pounds 5, \ddag", "p < 0.05, § 3, ¶ 4, £ 5, ‡"),
        (r"Nguy\~{\^e}n, Nguy\~{\^{e}}n, \h{a}, \t{oo}", "Nguyễn, Nguyễn, ả, o\u0361o"),
        (r"\textcolor[rgb]{1,0,0}{red} \sout{x} \hl{y}\hspace{1em}z \ce{CO}", "red x y z CO"),
        (r"10\textsuperscript{-3} H\textsubscript{2}O 5\textsuperscript{th}", "10⁻³ H₂O 5th"),
        (r"\texorpdfstring{$\alpha$}{alpha} decay", "α decay"),
        (r"\textasciitilde{}10, \textgreater{} 3, a$\hspace{1cm}$b, ${}$", "~10, > 3, ab,"),
        (r"--flag, \texttt{--flag} (--flag)", "--flag, --flag (--flag)"),
        (r"$\textbf{$\textit{80$\times$ lower}$}$ and $ [[256, 2 ]] $", "80 × lower and  [[256, 2 ]] "),
        ("is athttps://a.example/b, https: //a.example, https:/b.example", None),
        ("US$ 5, A$ 6 or $ 7 (net), $ 8", "US$ 5, A$ 6 or $ 7 (net), $ 8"),
    ],
)
def test_what_stands_beside_a_command_or_a_formula_is_kept_apart_and_whole(tex: str, shown: str | None) -> None:
    assert (
        flatten(tex).split() == (shown or "is at https://a.example/b, https://a.example, https://b.example").split()
    )


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        ("Crumbs at z~2, kT~5 keV, S/N~5, n_e~100, g-r~0.5", "Crumbs at z~2, kT~5 keV, S/N~5, n_e~100, g-r~0.5"),
        ("T~40 K, L~10^{45} erg, redshift~3, $z$~0.1", "T~40 K, L~10⁴⁵ erg, redshift~3, z~0.1"),
        ("[Fe/H]~-1.5 and E(B-V)~0.3, M~3 TeV", "[Fe/H]~-1.5 and E(B-V)~0.3, M~3 TeV"),
        ("Fig.~3 of NGC~4258, M~31 and A~1689, C~IV, Llama~2", "Fig. 3 of NGC 4258, M 31 and A 1689, C IV, Llama 2"),
        ("R~=~5, $z$~$\\sim$~2, z~>~6, $\\sim$~5", "R = 5, z ∼ 2, z > 6, ∼ 5"),
        ("soon at~ https://a.example and in~", "soon at https://a.example and in"),
    ],
)
def test_a_tilde_after_a_symbol_means_about(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"p < 10^{-16}, x_{i}^{2}, T_{\rm eff}, T_{c}^2", "p < 10⁻¹⁶, x_i², T_eff, T_c²"),
        (r"La_{2-x}Sr_{x}CuO_{4}, ^{13}CO, U(1)_{B-L}", "La_(2-x)Sr_xCuO₄, ¹³CO, U(1)_(B-L)"),
        (r"f(\mathcal{R}), \mathbb{Z}_{2}, \mathcal N=4, \mathfrak{sl}_{2}", "f(ℛ), ℤ₂, 𝒩=4, 𝔰𝔩₂"),
        (
            r"\sqrt{s}, \sqrt[3]{2}, \bar{p}p, \bar q, \tilde{O}(n), \frac{1}{2}, \frac12",
            "√s, ³√2, p̅p, q̅, Õ(n), 1/2, 1/2",
        ),
        (r"\ensuremath{\alpha^2}, \bm{x}, \ket{0}, \textbeta-decay", "α², x, |0⟩, β-decay"),
        (
            r"a_b, R^2, 10^9, file_{name}.txt, x_{, \frac",
            r"a_b, R^2, 10^9, file_name.txt, x_{, frac",
        ),
        (r"3.4^{+0.5}_{-0.6} days", "3.4 +0.5/−0.6 days"),
    ],
)
def test_mathematics_outside_of_formulas_is_read_too(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (
            r"4{,}081, n{=}5, O{*}NET, Scheff{é}, {É}mile, {B}ayesian {GPT} k{x}",
            "4,081, n=5, O*NET, Scheffé, Émile, Bayesian {GPT} k{x}",
        ),
        (r"H{\sc i}, C\textsc{iv}, [O\,{\sc iii}], [N{\small II}], \textsc{Max}", "H i, C iv, [O iii], [N II], Max"),
        (
            r"LOSVD\lowercase{s}, \uppercase{h}i, \MakeUppercase{\emph{xmm}}, \MakeTextUppercase{gas}",
            "LOSVDs, Hi, XMM, GAS",
        ),
        (r"\rm{CO}, \it{Gaia} and {\bf{b}}, \tiny{x}", "CO, Gaia and b, x"),
        (r"Mart\'\i{}nez, \b{o}, \d{q}", "Martínez, o\u0331, q\u0323"),
        (
            "a ''validation trap'' and \"zombie'' agents, f''(x) and g''",
            "a “validation trap” and “zombie” agents, f''(x) and g''",
        ),
        (r"v$\sin i$, log$\log x$, 5$\sin i$, 3.4$^{+0.5}_{-0.6}$", "v sin i, log log x, 5sin i, 3.4 +0.5/−0.6"),
        (r"\SI{5}{\kilo\hertz}, $\SI{20}{\GeV}$ and \ce{H2O}", "5 kHz, 20 GeV and H₂O"),
        (r"{\raise.17ex\hbox{$\sim$}}5, \raisebox{1ex}{\texttildelow}5, {$x$} {$5, $6}", "∼5, ~5, x {$5, $6}"),
        (r"5$~$GeV, 5$\,$km, 5$\!$x", "5 GeV, 5 km, 5x"),
        (r"\lcdm, 10 \Msun, $10^{11}\msun$, 300 \kms", "ΛCDM, 10 M_⊙, 10¹¹ M_⊙, 300 km s⁻¹"),
    ],
)
def test_words_in_which_tex_stands_are_whole(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (
            "Crumbs in $ f(R) $ and $ SU(2) $, $ n + 1 $, $ O(n log n) $",
            "Crumbs in f(R) and SU(2), n + 1, O(n log n)",
        ),
        ("$ 5 and 6 $", "$ 5 and 6 $"),
        ("US$ k and $ more, $ a cat $", "US$ k and $ more, $ a cat $"),
        ("Reduced $E$1 and $M$2, [O III]$λ$5007, $5M-$10M", "Reduced E1 and M2, [O III]λ5007, $5M-$10M"),
        (r"${\rm photons per second}$, $x \mbox{ for all } y$", "photons per second, x for all y"),
    ],
)
def test_a_formula_is_told_from_a_price_where_blanks_or_digits_touch_its_dollars(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"$60^{+120}_{-40} {\rm M_\odot}$, $5^{+2}_{-1}$", "60⁺¹²⁰₋₄₀ M_⊙, 5⁺²₋₁"),
        (
            r"$0.37^{+0.34}_{-0.26}$, $1.2_{-0.1}^{+0.2}M_\odot$, $2_{ -.1}^{ +.2}$",
            "0.37 +0.34/−0.26, 1.2 +0.2/−0.1 M_⊙, 2 +.2/−.1",
        ),
        (r"$195^\circ{}^{+51^\circ}_{-25^\circ}$, $x^{+}_{-}$, $a_{-1}$", "195° +51°/−25°, x⁺₋, a₋₁"),
        (r"Ca$^{2+}$, $J^{PC}=1^{--}$, SO$_4^{2-}$, $B^{++}$", "Ca²⁺, J^PC=1⁻⁻, SO₄²⁻, B⁺⁺"),
        (
            r"$z_{\rm{end}}$, $T_{\!e}$, $v_{\,x}$, $s_{_{\rm NN}}$, $p_{\mbox{\tiny T}}$",
            "z_end, T_e, v_x, s_NN, p_T",
        ),
        (r"$10^{10.5} \mathrm{M}_\odot$, $\rm \Lambda CDM$, $\mu Jy$", "10^10.5 M_⊙, ΛCDM, μJy"),
        (r"$0\farcs5$, $23\fdg4$, $5\arcdeg$, $\la 3$, $\ga5$", "0″.5, 23°.4, 5°, ≲ 3, ≳5"),
    ],
)
def test_values_and_charges_as_they_are_measured(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (
            r"$\O(n\log n)$, $\S^2$, $\frac{\d}{\d t}u$, $\d{t}$, $\c{O}$, $\L^2$",
            "O(n log n), S², d/(d t) u, dt, O, L²",
        ),
        (
            r"$\text{Poincar\'e}$, $\mathrm{Erd\H{o}s}$, $5\,\AA$",
            "Poincaré, Erdős, 5 Å",
        ),
        (r"$\RR^n$, $\ZZ$, $\cO_X$, $\calN=4$, $\bbR$, $\wt{X}$, $\la\mu,\nu\ra$", "ℝ^n, ℤ, 𝒪_X, 𝒩=4, ℝ, X̃, ⟨μ,ν⟩"),
        (r"$\Re{(s)}>1$, $\Im z$, $\left<x\right>$, $\not\!\!E_T$", "ℜ(s)>1, ℑ z, ⟨x⟩, E̸_T"),
        (r"$\Ket{a}$, $\ketbra{a}{b}$, $\braket{a}{b}$, $\mel{a}{H}{b}$", "|a⟩, |a⟩⟨b|, ⟨a|b⟩, ⟨a|H|b⟩"),
        (r"$\left(\begin{array}{cc}a&b\\c&d\end{array}\right)$", "([ a b; c d ])"),
        (r"$\prescript{13}{}{\mathrm{C}}$, $\phantom{0}5$, $\kern-1pt x$, $a\tag{1}$", "¹³C, 5, x, a (1)"),
        (
            r"$\overset{\sim}{\to}$, $A\xleftarrow{f}B$, $\buildrel d\over=$, $\dddot{x}$",
            "→^∼, A ←^f B, =^d, x\u20db",
        ),
        (r"${\rm AdS}_3 \times {\rm S}^3$, $\varGamma\varepsilon$", "AdS₃ × S³, Γε"),
        (r"$\neg\land\bot\Box\triangle\clubsuit\lhd\lll\dashrightarrow\ddagger$", "¬∧⊥□△♣⊲⋘⇢‡"),
        (r"\begin{displaymath}x\end{displaymath}, \begin{math}y\end{math}", "x, y"),
        (r"$\raise.17ex\hbox{$\scriptstyle\sim$}5$, $\Lcdm{}$", "∼5, Lcdm"),
        (r"$\xrightarrow[n\to\infty]{d}$, $\mathclose{]}$, $\notin$, $\centernot\in$", "→_(n→∞)^d, ], ∉, ∉"),
    ],
)
def test_what_rarer_commands_of_mathematics_mean(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.shared
@pytest.mark.skipif(not CASES.is_file(), reason="no ../shared/data/cases here")
def test_the_cases_that_people_met_are_right() -> None:
    for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"]:
        right = case["right"].partition(", or")[0]
        assert flatten_tex(case["in"]) == (case["in"] if right == "unchanged" else right)


def test_a_formula_of_no_known_end_keeps_its_dollars_together() -> None:
    torn = r"$\ours{$\x{80$\times$}$}$"
    assert flatten(torn) == torn
    assert flatten("$a}b$") == "$a}b$"


def test_nothing_is_said_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    flatten(r"$\url x$ $\url{$ $\input{x}$")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "^{",
            "^{a}",
            "a_{b}^c",
            "z~",
            "a ~",
            "''a ",
            "{,}",
            r"\sqrt",
            r"\frac{",
            r"\rm{",
            "``",
            "a''",
            r"\ss ",
            r"\emph{",
            "{\\em ",
            r"\(",
            "$x",
            "$$",
            "$",
            "{$",
            r"\'",
            "https://",
            r"\[1]{",
            "--",
            "~a",
        )
    ],
)
@pytest.mark.parametrize("size", [20_000, pytest.param(100_000, marks=pytest.mark.on_request)])
def test_many_kilobytes_of_anything_come_to_an_end(unit: str, size: int) -> None:
    assert flatten(unit * (size // len(unit))) is not None


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"We call it \ours{}, or {\ours}; (\DQN) and \IDQN~too", "We call it ours, or ours; (DQN) and IDQN too"),
        (r"\ECUAS{n} scores \rev{what was said} \hl{it is \emph{so}}", "ECUAS{n} scores what was said it is so"),
        (r"$\PG(1,q)$, $a\Bin b$, $\F_q$, $\R^2$, $\P(X)$", "PG(1,q), a Bin b, 𝔽_q, ℝ², ℙ(X)"),
    ],
)
def test_an_authors_own_command_is_read_by_its_name_or_its_prose(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"We meet \textsc{Cattle Trade, a game", "We meet Cattle Trade, a game"),
        (r"in time\footnote{Soon at https://a.example/x", "in time (Soon at https://a.example/x"),
        (
            r"code at \href{https://a.example/x}. Rank \r{ho} and \k{appa}",
            "code at https://a.example/x. Rank ρ and κ",
        ),
        (r"$\href{https://a.example/x}{this}$, $\textbf{$80\times$}$", "this (https://a.example/x), 80×"),
        (r"\hyperlink{https://a.example/}{https://a.example/} \revision{so it was", "https://a.example/ so it was"),
    ],
)
def test_what_was_torn_or_put_wrongly_is_mended(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\verb+a.example/b_c+, \verb text, \ding{51} \ding{55} \ding{182}", "a.example/b_c, verb text, ✓ ✗ ❶"),
        (r"aware\footnotemark[1] \scalebox{0.6}{$x$} \cite{a} \eqref{b}", "aware[1] x [a] [b]"),
        (r"\begin{abstract}Short.\end{abstract}", " Short. "),
        (r"so \begin{equation*} u_n = y_n \end{equation*} holds", "so u_n = y_n holds"),
    ],
)
def test_rarer_commands_are_known_too(tex: str, shown: str) -> None:
    assert flatten(tex) == shown


@pytest.mark.parametrize(
    "formula", [r"$\ours{x}<y$", r"\(\ours{y}\)", r"\[ \ours{y} \]", r"\begin{tikzcd} a & b \end{tikzcd}"]
)
def test_a_formula_that_stayed_tex_is_found_again_whole(formula: str) -> None:
    assert [found[0] for found in KEPT_AS_TEX.finditer(flatten(f"Let {formula} be, at $5 or $6."))] == [formula]


@pytest.mark.parametrize(
    "text", [r"$\x{@here}$", r"$\x{`}$", r"$\x{[a](b)}$", r"$\x{https://a.example}$", "$a$ $5 or $6"]
)
def test_what_could_leave_a_code_span_or_link_is_not_taken_for_a_formula(text: str) -> None:
    assert not list(KEPT_AS_TEX.finditer(text))


def test_prices_do_not_make_the_formula_after_them_text() -> None:
    assert flatten("costs $5 per $x$, $3,600 in all") == "costs $5 per x, $3,600 in all"


def test_nesting_has_an_end() -> None:
    assert flatten("\\emph{" * 200 + "word" + "}" * 200).count("word") == 1
    assert flatten("{\\em " * 200 + "word" + "}" * 200).count("word") == 1
    for many in (30, 300):
        assert flatten("$" + "^{a" * many + "}" * many + "$").count("a") == many
        assert flatten("$" + "\\sqrt{a" * many + "}" * many + "$").count("a") == many
    deepest, too_deep = ("$" + "\\sqrt{" * many + "a" + "}" * many + "$" for many in (40, 41))
    assert flatten(deepest).startswith("√(√(")
    assert flatten(too_deep) == too_deep


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())) | st.lists(st.sampled_from(FRAGMENTS)).map("".join))
def test_nothing_makes_it_fail_and_no_word_is_lost(tex: str) -> None:
    assert not lost_words(tex, flatten(tex))


@given(st.text(st.characters(exclude_characters="\\$~-`'")))
def test_text_without_tex_stays_as_it_is(text: str) -> None:
    assert flatten(text) == text


@pytest.mark.shared
@pytest.mark.skipif(not ABSTRACTS.is_dir(), reason="no ../shared/data/metadata here")
def test_real_titles_abstracts_and_comments_keep_every_word_and_hardly_any_tex() -> None:
    """Of 6,301 papers, 16 mailing days of May 2026, as counted on 24 November 2026.

    Titles and comments: all clean, no word lost, none joined to another. Abstracts: the same, but that three hold two
    dollars or more, so that a measure cannot tell them from a formula. The rest:

        prices, two or more in one abstract    3
    """
    papers: dict[str, dict[str, str]] = {}
    for file in sorted(ABSTRACTS.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            papers.update((paper["id"], paper) for paper in map(json.loads, lines))
    unclean = {}
    for field in ("title", "summary", "comment"):
        written = {identifier: paper[field] or "" for identifier, paper in papers.items()}
        flat = {identifier: flatten_tex(text) for identifier, text in written.items()}
        assert not [identifier for identifier, text in flat.items() if lost_words(written[identifier], text)]
        assert not [identifier for identifier, text in flat.items() if joined_words(written[identifier], text)]
        assert not [identifier for identifier, text in flat.items() if re.search(r"[\^_]\{|\w\{[^\w\s]\}", text)]
        unclean[field] = sum(bool(re.search(r"\\[A-Za-z'\"^~=.`]|\$[^$]+\$", text)) for text in flat.values())
    assert len(papers) == 6_301
    assert unclean == {"title": 0, "summary": 3, "comment": 0}


def lost_words(tex: str, flat: str) -> list[str]:
    """Letters in a row, but for commands' names, a colour and a length, that the flat text has nowhere in a row."""
    shown = letters(flat)
    mended = re.sub(r"(?<=[a-z])(?=https?:)", " ", tex)
    plain = re.sub(
        r"\\\\\[1mm\]|\\(?:textcolor\{\w+\}|(?:begin|end)\{\w+\*?\}|[rk]\{(?:ho|appa)\}|raise[\d.]+ex|[A-Za-z]+)",
        " ",
        mended,
    )
    return [word for word in re.findall("[A-Za-z]{2,}", plain) if word not in shown]


def joined_words(tex: str, flat: str) -> list[str]:
    """Letters in a row in the flat text but nowhere in the TeX without its accents, braces, styles and dollars."""
    plain = re.sub(r"\\(?:text[a-z]+|emph|underline|uline|bf|it)(?=[{ ])\s?", "", tex)
    plain = re.sub(r"\\(?:AA|[`'\"^~=.]\s*|[uvHckdbrt](?:\s+|(?=\{))|[-!/])", lambda m: "A" * (m[0] == r"\AA"), plain)
    plain = re.sub(r"\\i(?![A-Za-z])\s?", "i", plain).replace(r"\binom", "choose")
    plain = letters(re.sub(r"[{}$]|(?<=A) (?=ng)", "", plain))
    return [word for word in re.findall("[A-Za-z]{3,}", letters(flat)) if word not in plain]


def letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
