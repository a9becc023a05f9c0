"""Converts TeX in arXiv's metadata to Unicode: formulas, accents and text commands, and nothing else.

Pure. One scan over everything that may be TeX. A formula that cannot be converted completely stays as it is written,
so that no word is lost. A command without a rule is taken as the author's own: its name is shown, or its argument.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.text import math, typography
from bot.text.math_commands import symbol
from bot.text.math_symbols import FUNCTIONS, GREEK
from bot.text.units import spelled_out

if TYPE_CHECKING:
    from collections.abc import Callable

_TEX = re.compile(
    r"""
    [\\$h{~`'^_-] (?:                                # one cheap look for the first character of all
      (?P<link>    (?<=h)(?<!\wh) ttps?://(?:[^\s\\{}$]|\\[_%&\#])+ )
    | (?P<math>    (?<=\$) \$?(?=[^$]) | (?<=\\) (?:
                       \([^$]{1,999}?\\\) | \[[^$]{1,999}?\\\]
                     | begin\{(?P<kind>equation|align|alignat|flalign|gather|multline|eqnarray|math|displaymath)\*?\}
                       .{1,1999}?\\end\{(?P=kind)\*?\} ) )
    | (?P<accent>  (?<=\\) (?:'\s*|[`"^~=.]|[uvHck]\s+(?=[A-Za-z])|[uvHckdbrht]\s*(?=\{))
                   (?:\{\s*(?:[^\W\d_]|\\[ij]|oo|\\[`'"^~=.uvHck]\s*(?:\{[^\W\d_]\}|[^\W\d_]))\s*\}
                     | \\[ij](?:\{\}|(?![A-Za-z])[ ]?) | [^\W\d_]) )
    | (?P<escaped> (?<=\\) (?:[%&_\#${}]|[~^]\{\s*\}) )
    | (?P<space>   (?<=\\) [,;:!/\\\ -] )
    | (?P<command> (?<=\\) [A-Za-z]+\*? )
    | (?P<group>   (?<=\{) (?=\\[^\s{}]|\$) )
    | (?P<braced>  (?<=\{) (?: (?<=\w\{) [^\w\s{}\\$]\}                   # 4{,}081
                     | (?<=\w\{) [^\W\d_A-Za-z]\} | [^\W\d_A-Za-z]\}(?=[^\W\d_])   # Scheff{é}
                     | (?<!\w\{) [A-Z]\}(?=[a-z]{2}) ) )                    # {B}ayesian
    | (?P<script>  (?<=[\^_]) (?=\{) )
    | (?P<tie>     (?: (?<=[^\s/(\[~=<>]~) | (?<=~[<>=]~) ) (?! ~ | =(?!~) ) )
    | (?P<dash>    (?<=-) (?: (?<=[^\s({\["'`“-]-) --?(?!-) | (?<=\s-) --?(?=\s) ) )    # not that of `--an-option`
    | (?P<quote>   (?<=`)(?<!``) `(?!`)(?=[^`]*?(?:''|")) | (?<=[^\s']') '(?!') )
    )
    """,
    re.VERBOSE,
)
KEPT_AS_TEX = re.compile(
    r"""
    (?: \$\$?(?=[^$]*\\[A-Za-z]) | (?P<round>\\\() | (?P<square>\\\[) | (?P<layout>\\begin\{[a-z]{1,20}\*?\}) )
    (?: (?!\]\(|://)[^$`@] ){1,1999}?
    (?(round)\\\)|(?(square)\\\]|(?(layout)\\end\{[a-z]{1,20}\*?\}|\$\$?)))
    """,
    re.VERBOSE,
)
"""A formula that `flatten` left unconverted, if a code span can hold it and nothing in it pings or links."""

_DEEPEST = 12
_ACCENTS = {
    **dict(zip("'`\"^~=.", "\u0301\u0300\u0308\u0302\u0303\u0304\u0307", strict=True)),
    **dict(zip("uvHckdbrht", "\u0306\u030c\u030b\u0327\u0328\u0323\u0331\u030a\u0309\u0361", strict=True)),
}
_LETTERS = re.compile("ss|ae|AE|oe|OE|aa|AA|[oOlLij]|th|TH|dh|DH|dj|DJ|ng|NG")
_SWITCHES = re.compile(
    "em|bf|it|tt|sc|rm|sf|sl|(?:bf|mdt|rmf|sff|ttf)(?:series|amily)|(?:it|sc|sl|up)shape|normalfont|tiny|scriptsize|"
    "footnotesize|small|normalsize|[lL]arge|noindent|centering|xspace|protect|relax|"
    "(?:display|text)style|left|right|footnotemark"
)
_BLANKS = re.compile("q?quad|par|newline|linebreak")
_SHIFTS = ("raise", "lower", "kern", "hskip", "vskip")
_LENGTH = re.compile(r"\s*-?[\d.]+\s*(?:em|ex|pt|mm|cm|in)(?![A-Za-z])")
_LAYOUTS = re.compile("abstract|itemize|enumerate|description|center|quote|quotation|flushleft|small")
_STYLES = re.compile(
    "emph|text(?:bf|it|tt|sc|sf|rm|sl|md|up|normal|superscript|subscript)?|underline|uline|uwave|sout|xout|st|hl|"
    "[mh]box|math(?:rm|bf|it|sf|tt)|boldsymbol|ce|url|path|gls|(?:sub)*section|(?:sub)?paragraph"
)
_CASES = {
    **dict.fromkeys(("lowercase", "MakeLowercase"), str.lower),
    **dict.fromkeys(("uppercase", "MakeUppercase", "MakeTextUppercase"), str.upper),
}
_REFERENCES = re.compile("cite[a-z]*|(?:eq|auto|c|C|page)?ref")
_LINKS = ("href", "hyperlink")
_COMMANDS = {
    "emph": (1, "{0}"),
    "footnote": (1, " ({0})"),
    "cite": (1, "[{0}]"),
    "textcolor": (2, "{1}"),
    "color": (1, ""),
    "label": (1, ""),
    "scalebox": (2, "{1}"),
    "raisebox": (2, "{1}"),
    "texorpdfstring": (2, "{0}"),
    "ion": (2, "{0} {1}"),
    **dict.fromkeys(("hspace", "vspace", "phantom", "hphantom"), (1, " ")),
    **dict.fromkeys(_LINKS, (2, "{1} ({0})")),
}
"""How many arguments a command takes, and how they are shown. Every style shows its argument as `emph` does."""
_TORN = re.compile(
    r"(?P<before>(?<=[^\s(\[{<\"'“‘/-])(?=this (?:https?|ftp) URL\b)|(?<=[^\W\d_])(?=https?:/))"
    r"|(?P<scheme>(?<!\w)https?:)(?:[ ]+//?|/|//[ ]+)(?=\w[\w-]*\.\w)"
)
"""arXiv writes "this https URL" for a link; where a line broke at a link, some tools join or part words."""


def _flat(found: math.Formula) -> str:
    return found.written if found.plain is None else found.plain


def flatten(tex: str, show: Callable[[math.Formula], str] = _flat) -> str:
    r"""Converts everything that is certainly TeX to Unicode.

    Converted are formulas, accents (`\'e`, `{\"o}`, `\v{c}`, `\L`), text commands (`\emph{}`, `\href{}{}`, ...),
    escaped characters, ties, dashes and ``quotes'', as https://info.arxiv.org/help/prep.html#tex allows them. An
    author's own command is shown by its name (`\ours` becomes ours), or by its argument alone if that is prose.
    Everything else is text: a bare `%`, an unpaired `$` or a price's, braces. Broken links are repaired: "atthis
    https URL" and "athttps://" get their blank, "https: //" loses it.

    Args:
        tex: a title, an abstract, a comment or a name.
        show: makes the text that replaces a formula; by default it is flattened, or stays as it is written.
    """
    if "http" in tex or " URL" in tex:
        tex = _TORN.sub(lambda found: f"{found['scheme']}//" if found["scheme"] else " ", tex)
    quoted = typography.with_quotes(tex)
    return _scan(spelled_out(quoted) if "\\" in tex else quoted, _Reading(show))


@dataclass(frozen=True, slots=True)
class _Reading:
    """How deeply the scan is in nested arguments, and how formulas are shown."""

    show: Callable[[math.Formula], str]
    depth: int = 0

    @property
    def is_too_deep(self) -> bool:
        return self.depth >= _DEEPEST

    def inside(self, tex: str) -> str:
        return _scan(tex, replace(self, depth=self.depth + 1))


def _scan(tex: str, reading: _Reading) -> str:
    shown, position = [], 0
    while found := _TEX.search(tex, position):
        shown.append(tex[position : found.start()])
        kind = str(found.lastgroup)
        if kind in _SIMPLE_RULES:
            text, position = _SIMPLE_RULES[kind](found), found.end()
        else:
            text, position = _RULES[kind](found, reading)
        shown.append(text)
    return "".join([*shown, tex[position:]])


_SIMPLE_RULES: dict[str, Callable[[re.Match[str]], str]] = {
    "link": lambda found: re.sub(r"\\(.)", r"\1", found[0]),
    "escaped": lambda found: found[0][1],
    "space": lambda found: "" if found[0][1] in "!/-" else " ",
    "braced": lambda found: found[0][1:-1],
    "tie": lambda found: typography.tie(found.string, found.start()),
    "dash": lambda found: typography.dash(found[0]),
    "quote": lambda found: typography.quote(found.string, found.start()),
}
"""What is shown of TeX that ends where its pattern ends; the others are in `_RULES`."""


def _math(found: re.Match[str], reading: _Reading) -> tuple[str, int]:
    """Shows a formula; a `$` that opens no formula, such as a price's, is text."""
    if found[0][0] == "\\":
        body = found[0] if found[0].startswith("\\begin") else found[0][2:-2]
        is_set_off = not found[0].startswith(("\\(", "\\begin{math}"))
        return reading.show(math.Formula(found[0], body, is_set_off=is_set_off)), found.end()
    start, fence = found.start(), len(found[0])
    for end in math.closings(found.string, start + fence):
        body = found.string[start + fence : end]
        if reading.is_too_deep or not found.string.startswith("$" * fence, end):
            break
        if _SPACING.fullmatch(body):
            return " ", end + fence
        if body.startswith("\\href"):
            return reading.inside(body), end + fence
        if math.is_formula(body, found.string[end + fence : end + fence + 2]):
            whole = math.Formula(found.string[start : end + fence], body, is_set_off=fence > 1)
            before, after = found.string[start - 1 : start], found.string[end + fence : end + fence + 1]
            return _gap(before, body) + reading.show(whole) + _gap_after(body, after), end + fence
    return "$" * fence, start + fence


_SPACING = re.compile(r"(?:\\[,:; ]|~|\\q?quad(?![A-Za-z]))+")
"""A blank between dollars, as in 5$\\,$km."""
_SPACING_AT_END = re.compile(r"(?<!\\)(?:\\[,:; ]|~|\\q?quad)\s*$")
_APART = re.compile(rf"(?P<errors>(?:\^\{{\s*\+|_\{{\s*-)[^{{}}]*\.)|\\(?:{FUNCTIONS})(?![A-Za-z])")


def _gap(before: str, body: str) -> str:
    """The blank before a formula, if it begins with a number's errors or with a function's name."""
    found = _APART.match(body)
    if found is None:
        return " " if before.isalnum() and _SPACING.match(body) else ""
    return " " if (before.isdigit() if found["errors"] else before.isalpha()) else ""


def _gap_after(body: str, after: str) -> str:
    """The blank after a formula that ends in a blank and is followed by a letter or digit."""
    return " " if (after.isalnum() or after == "\\") and _SPACING_AT_END.search(body) else ""


def _accent(found: re.Match[str], reading: _Reading) -> tuple[str, int]:
    r"""The letter with its accent; if there is no such letter, as in `don\'t`, the backslash was no accent."""
    token = found[0]
    letter = token[2:].strip("{} ")
    if len(letter) > len("\\i"):  # an accent on an accent, as Vietnamese has them
        letter = _scan(letter if letter.count("{") == letter.count("}") else f"{letter}}}", reading)
    letter = letter.replace("\\", "")
    accented = unicodedata.normalize("NFC", letter[:1] + _ACCENTS[token[1]] + letter[1:])
    is_sure = len(accented) == 1 or token[1] == "t" or (token[1].isalpha() and token.endswith("}"))
    return accented if is_sure else token, found.end()


def _group(found: re.Match[str], reading: _Reading) -> tuple[str, int]:
    """Removes the braces around a command that has a rule."""
    inner, end = math.argument(found.string, found.start())
    if inner is None or reading.is_too_deep:
        return found[0], found.end()
    shown = reading.inside(inner)
    return f"{{{shown}}}" if shown.startswith(("\\", "$")) else _numeral(found, shown), end


_ELEMENT = re.compile(r"(?<![A-Za-z])[A-Z][a-z]?$")


def _numeral(found: re.Match[str], shown: str) -> str:
    r"""An ion's number in small capitals, which lower case would join to its element: `H{\sc i}` is H i."""
    is_numeral = re.fullmatch("[ivxIVX]{1,5}", shown) and _ELEMENT.search(found.string, 0, found.start())
    return f" {shown}" if is_numeral else shown


def _script(found: re.Match[str], _reading: _Reading) -> tuple[str, int]:
    """A superscript or subscript outside of any formula."""
    tex, start = found.string, found.start()
    shown, end = math.scripts(tex, start)
    return (found[0], found.end()) if shown is None else (_gap(tex[start - 1 : start], tex[start:end]) + shown, end)


def _command(found: re.Match[str], reading: _Reading) -> tuple[str, int]:
    tex, name, end = found.string, found[0][1:].rstrip("*"), found.end()
    if _LETTERS.fullmatch(name):
        return symbol(name) or found[0], _past(_ENDS_A_NAME, tex, end)
    if _SWITCHES.fullmatch(name):
        body, after = math.argument(tex, end)
        if body is None or reading.is_too_deep:
            return "", end + tex.startswith(" ", end)
        return reading.inside(body), after
    if _BLANKS.fullmatch(name):
        return " ", end
    if name in _SHIFTS and (shift := _LENGTH.match(tex, end)):
        return "", shift.end()
    return (
        _shown(name, found, reading)
        or _special(name, tex, end)
        or math.command(name, tex, end)
        or _own(found, reading)
    )


def _shown(command: str, found: re.Match[str], reading: _Reading) -> tuple[str, int] | None:
    """A known command's arguments as shown, else None. An argument that is never closed extends to the text's end."""
    tex, after = found.string, found.end()
    is_style = _STYLES.fullmatch(command) or command in _CASES
    name = "emph" if is_style else "cite" if _REFERENCES.fullmatch(command) else command
    if name not in _COMMANDS:
        return None
    wanted, show = _COMMANDS[name]
    arguments: list[str] = []
    while len(arguments) < wanted and not reading.is_too_deep:
        argument, after = math.argument(tex, _past(_OPTIONS, tex, after))
        if argument is None:
            break
        arguments.append(reading.inside(argument))
    if name in _LINKS and arguments and (len(arguments) == 1 or arguments[0] == arguments[1]):
        return arguments[0], after
    if command in ("textsuperscript", "textsubscript"):
        mark = "^" if command == "textsuperscript" else "_"
        if arguments and re.fullmatch(r"[-+]?\d+", arguments[0]):
            return math.flattened(f"{mark}{{{arguments[0]}}}") or arguments[0], after
    if len(arguments) == wanted:
        text = show.format(*arguments)
        return _numeral(found, text) if command == "textsc" else _CASES.get(command, str)(text), after
    if wanted == 1 and tex.startswith("{", after) and not reading.is_too_deep:
        return show.partition("{0}")[0], after + 1
    return found[0], found.end()


_OPTIONS = re.compile(r"(?:\[[^\[\]{}]{0,99}\])+(?=\{)")
"""Options in brackets, before the arguments in braces."""
_ENDS_A_NAME = re.compile(r"\{\}|\s+")


def _past(pattern: re.Pattern[str], tex: str, start: int) -> int:
    found = pattern.match(tex, start)
    return found.end() if found else start


_LABEL = re.compile(r"\s*\[([^\[\]]{1,40})\]")
_EMPTY = re.compile(r"\{\}")
_GOES_WITH = {
    **dict.fromkeys(("fh", "fm", "fs", "fdg", "farcm", "farcs"), re.compile(r"\{\}|[ ](?=\d)")),
    **dict.fromkeys(("textmu", "textdegree"), re.compile(r"\{\}|[ ](?=[CFKm](?![A-Za-z]))")),
    **dict.fromkeys(
        ("textquotedblleft", "textquoteleft", "lq", "guillemotleft", "textendash"), re.compile(r"\{\}|[ ]")
    ),
}
"""Signs, each with the blank behind it, that belong to what follows: to a unit, or to what the sign opens."""
_GREEK_IN_TEXT = re.compile(f"text(?:{GREEK})")
_DINGBATS = {**dict.fromkeys(range(51, 57), 0x2700 - 32), **dict.fromkeys(range(182, 212), 0x2776 - 182)}
"""Check marks, crosses and white numbers in black circles: from the font's number to Unicode's."""


def _special(name: str, tex: str, end: int) -> tuple[str, int] | None:
    r"""`\times`, `\verb+text+`, `\ding{51}`, and the begin or end of an environment that only lays out text."""
    if name == "verb":
        verbatim = re.compile(r"([^\w\s])(.*?)\1").match(tex, end)
        return (verbatim[2], verbatim.end()) if verbatim else None
    if name == "item":
        label = _LABEL.match(tex, end)
        return (f" {label[1]} ", label.end()) if label else (" • ", end)
    if name not in ("ding", "begin", "end"):
        sign = symbol(name.removeprefix("text") if _GREEK_IN_TEXT.fullmatch(name) else name)
        return (sign, _past(_GOES_WITH.get(name, _EMPTY), tex, end)) if sign else None
    argument, after = math.argument(tex, end)
    if name == "ding" and argument and argument.isdecimal() and int(argument) in _DINGBATS:
        return chr(_DINGBATS[int(argument)] + int(argument)), after
    is_layout = name != "ding" and argument and _LAYOUTS.fullmatch(argument)
    return (" ", _past(_LABEL, tex, after)) if is_layout else None


def _own(found: re.Match[str], reading: _Reading) -> tuple[str, int]:
    r"""Shows a command without a rule, which is the author's own: by its name, or by its argument if that is prose.

    A path's `\` and a regular expression's `\d` are no commands; `\k{appa}` is a Greek letter that was broken.
    """
    tex, name, end = found.string, found[0][1:], found.end()
    argument, after = math.argument(tex, end)
    if len(name) == 1:
        torn = symbol(name + argument) if argument and argument.isalpha() else None
        return (torn, after) if torn else (found[0], end)
    in_a_path = re.match(r"[\w:\\]", tex[found.start() - 1 : found.start()])
    if in_a_path or name in ("begin", "end") or reading.is_too_deep:
        return found[0], end
    if argument == "":
        return name, after
    if argument is None and tex.startswith("{", end):
        return "", end + 1
    return (reading.inside(argument), after) if argument and " " in argument else (name, end)


_RULES = {
    "math": _math,
    "accent": _accent,
    "command": _command,
    "group": _group,
    "script": _script,
}
