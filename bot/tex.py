"""TeX as it stands in arXiv's metadata, to Unicode: formulas, accents and text commands, and nothing else.

Pure. One scan over what may be TeX. Whatever no rule knows, and a formula that cannot be converted whole, stays as it
is written, so that no word is ever lost; an author's own command is read by its name.
"""

from __future__ import annotations

import re
import unicodedata

from bot import formula

_TEX = re.compile(
    r"""
    [\\$h{~`'-] (?:                                # one cheap look for the first character of all
      (?P<link>    (?<=h)(?<!\wh) ttps?://(?:[^\s\\{}$]|\\[_%&\#])+ )
    | (?P<math>    (?<=\$) (?: \\(?:text[a-z]+|emph)\{\$[^$]{1,999}\$\}\$
                             | \$(?:[^$\\]|\\.){1,999}\$\$ | (?:[^$\\]|\\.){1,999}\$ )
                 | (?<=\\) (?: \([^$]{1,999}?\\\) | \[[^$]{1,999}?\\\]
                             | begin\{(?:equation|align|gather|multline|eqnarray)\*?\}.{1,1999}?
                               \\end\{(?:equation|align|gather|multline|eqnarray)\*?\} ) )
    | (?P<accent>  (?<=\\) (?:'\s*|[`"^~=.]|[uvHck]\s+(?=[A-Za-z])|[uvHckdbr]\s*(?=\{))
                   (?:\{\s*(?:[^\W\d_]|\\[ij])\s*\} | \\[ij](?![A-Za-z])[ ]? | [^\W\d_]) )
    | (?P<escaped> (?<=\\) (?:[%&_\#${}]|[~^]\{\s*\}) )
    | (?P<space>   (?<=\\) [,;:!/\\\ -] )
    | (?P<command> (?<=\\) [A-Za-z]+\*? )
    | (?P<group>   (?<=\{) (?=\\[^\s{}]) )
    | (?P<tie>     (?<=[^\s/(~=<>]~) (?=[^\s~=]) )
    | (?P<dash>    (?<=-) (?: (?<![\s-]-) --?(?!-) | (?<=\s-) --?(?=\s) ) )          # not that of `--an-option`
    | (?P<quote>   (?<=`)(?<!``) `(?!`)(?=[^`]*?(?:''|")) | (?<=[^\s']') '(?!') )
    )
    """,
    re.VERBOSE,
)
LEFT = re.compile(
    r"""
    (?: \$\$?(?=[^$]*\\[A-Za-z]) | (?P<round>\\\() | (?P<square>\\\[) | (?P<layout>\\begin\{[a-z]{1,20}\*?\}) )
    (?: (?!\]\(|://)[^$`@] ){1,1999}?
    (?(round)\\\)|(?(square)\\\]|(?(layout)\\end\{[a-z]{1,20}\*?\}|\$\$?)))
    """,
    re.VERBOSE,
)
"""A formula that `flatten` left as it is written, where a code span can hold it and nothing in it pings or links."""

_DEEPEST = 12
_ACCENTS = {
    **dict(zip("'`\"^~=.", "\u0301\u0300\u0308\u0302\u0303\u0304\u0307", strict=True)),
    **dict(zip("uvHckdbr", "\u0306\u030c\u030b\u0327\u0328\u0323\u0331\u030a", strict=True)),
}
_LETTERS = re.compile("ss|ae|AE|oe|OE|aa|AA|[oOlLij]|th|TH|dh|DH|dj|DJ|ng|NG")
_SWITCHES = re.compile(
    "em|bf|it|tt|sc|rm|sf|sl|(?:bf|mdt|rmf|sff|ttf)(?:series|amily)|(?:it|sc|sl|up)shape|normalfont|tiny|scriptsize|"
    "footnotesize|small|normalsize|[lL]arge|noindent|centering|xspace|(?:display|text)style|left|right|footnotemark"
)
_BLANKS = re.compile("q?quad|par|newline|linebreak")
_LAYOUTS = re.compile("abstract|itemize|enumerate|description|center|quote|quotation|flushleft|small")
_STYLES = re.compile(
    "emph|text(?:bf|it|tt|sc|sf|rm|sl|md|up|normal|superscript|subscript)?|underline|uline|[mh]box|"
    "math(?:rm|bf|it|sf|tt)|boldsymbol|url|path|gls"
)
_REFERENCES = re.compile("cite[a-z]*|(?:eq|auto|c|C|page)?ref")
_LINKS = ("href", "hyperlink")
_COMMANDS = {
    "emph": (1, "{0}"),
    "footnote": (1, " ({0})"),
    "cite": (1, "[{0}]"),
    "textcolor": (2, "{1}"),
    "scalebox": (2, "{1}"),
    "href": (2, "{1} ({0})"),
    "hyperlink": (2, "{1} ({0})"),
}
"""How many arguments a command takes, and how they are shown. Every style shows its argument as `emph` does."""


def flatten(tex: str) -> str:
    r"""What is surely TeX in the text, as Unicode.

    Converted are formulas, accents (`\'e`, `{\"o}`, `\v{c}`, `\L`), text commands (`\emph{}`, `\href{}{}`, ...),
    escaped characters, ties, dashes and ``quotes'', as https://info.arxiv.org/help/prep.html#tex allows them. An
    author's own command is shown by its name (`\ours` is ours), or by its argument alone where that is prose. All
    else is text: a bare `%`, an unpaired `$` or a price's, braces.
    """
    return _scan(tex, 0)


def _scan(tex: str, depth: int) -> str:
    shown, position = [], 0
    while found := _TEX.search(tex, position):
        shown.append(tex[position : found.start()])
        text, position = _RULES[str(found.lastgroup)](found, depth)
        shown.append(text)
    return "".join([*shown, tex[position:]])


def _link(found: re.Match[str], _depth: int) -> tuple[str, int]:
    return re.sub(r"\\(.)", r"\1", found[0]), found.end()


def _math(found: re.Match[str], depth: int) -> tuple[str, int]:
    """A formula flattened, or as it is written; a `$` that is none, such as a price's, is text."""
    span = found[0]
    if span.startswith("\\begin"):
        return formula.flattened(span[span.index("}") + 1 : span.rindex("\\end")]) or span, found.end()
    fence = 1 if span[0] == "$" != span[1] else 2
    body = span[fence:-fence]
    if depth < _DEEPEST and (body.startswith("\\href") or (fence == 1 and "$" in body)):
        return _scan(body, depth + 1), found.end()
    if span[0] == "$" and not _is_formula(body, found.string[found.end() :][:1]):
        return "$", found.start() + 1
    return formula.flattened(body) or span, found.end()


def _is_formula(body: str, after: str) -> bool:
    """Whether two `$` enclose mathematics: no prose between them, and either TeX in it or no loose ends.

    The loose ends are Pandoc's rule: https://pandoc.org/MANUAL.html#extension-tex_math_dollars.
    """
    if re.search(r"[a-z]{3,} [a-z]{3,}", re.sub(r"\\[a-z]+(?:\{[^{}]*\})?", "\\\\", body)):
        return False
    if re.search(r"\\[A-Za-z]|[\^_{}=<>]|^[^\w\s]+$", body):
        return True
    return not (body[:1].isspace() or body[-1:].isspace() or after.isdigit())


def _accent(found: re.Match[str], _depth: int) -> tuple[str, int]:
    r"""The letter with its accent; where no such letter is, as in `don\'t`, the backslash meant something else."""
    token = found[0]
    letter = re.sub(r"[\s{}\\]", "", token[2:])
    accented = unicodedata.normalize("NFC", letter + _ACCENTS[token[1]])
    return accented if len(accented) == 1 else token, found.end()


def _escaped(found: re.Match[str], _depth: int) -> tuple[str, int]:
    return found[0][1], found.end()


def _space(found: re.Match[str], _depth: int) -> tuple[str, int]:
    return "" if found[0][1] in "!/-" else " ", found.end()


def _tie(found: re.Match[str], _depth: int) -> tuple[str, int]:
    """A blank that does not break; between numbers it means a range and stays."""
    before, after = found.string[found.start() - 1], found.string[found.end()]
    return "~" if (before.isdigit() or before == "%") and after.isdigit() else " ", found.end()


def _dash(found: re.Match[str], _depth: int) -> tuple[str, int]:
    return "—" if len(found[0]) > len("--") else "–", found.end()


def _quote(found: re.Match[str], _depth: int) -> tuple[str, int]:
    """A quote that opens is closed later (the pattern sees to that), and one that closes was opened before."""
    if found[0] == "``":
        return "“", found.end()
    return "”" if "``" in found.string[: found.start()] else found[0], found.end()


def _group(found: re.Match[str], depth: int) -> tuple[str, int]:
    """Braces around a command go with it, if we know it."""
    inner, end = formula.argument(found.string, found.start())
    if inner is None or depth >= _DEEPEST:
        return found[0], found.end()
    shown = _scan(inner, depth + 1)
    return f"{{{shown}}}" if shown.startswith("\\") else shown, end


def _command(found: re.Match[str], depth: int) -> tuple[str, int]:
    tex, name, end = found.string, found[0][1:].rstrip("*"), found.end()
    if _LETTERS.fullmatch(name):
        return formula.symbol(name) or found[0], end + len(tex[end:]) - len(tex[end:].removeprefix("{}").lstrip())
    if _SWITCHES.fullmatch(name):
        return "", end + tex.startswith(" ", end)
    if _BLANKS.fullmatch(name):
        return " ", end
    return _shown(name, found, depth) or _special(name, tex, end) or _own(found, depth)


def _shown(command: str, found: re.Match[str], depth: int) -> tuple[str, int] | None:
    """A known command's arguments, if it is known; one that is never closed goes on to the end of the text."""
    tex, after = found.string, found.end()
    name = "emph" if _STYLES.fullmatch(command) else "cite" if _REFERENCES.fullmatch(command) else command
    if name not in _COMMANDS:
        return None
    wanted, show = _COMMANDS[name]
    arguments: list[str] = []
    while len(arguments) < wanted and depth < _DEEPEST:
        argument, after = formula.argument(tex, after)
        if argument is None:
            break
        arguments.append(_scan(argument, depth + 1))
    if name in _LINKS and arguments and (len(arguments) == 1 or arguments[0] == arguments[1]):
        return arguments[0], after
    if len(arguments) == wanted:
        return show.format(*arguments), after
    if wanted == 1 and tex.startswith("{", after) and depth < _DEEPEST:
        return show.partition("{0}")[0], after + 1
    return found[0], found.end()


_DINGBATS = {**dict.fromkeys(range(51, 57), 0x2700 - 32), **dict.fromkeys(range(182, 212), 0x2776 - 182)}
"""Check marks, crosses and white numbers in black circles: from the font's number to Unicode's."""


def _special(name: str, tex: str, end: int) -> tuple[str, int] | None:
    r"""`\times`, `\verb+text+`, `\ding{51}`, and the begin or end of what only lays out text."""
    if name == "verb":
        verbatim = re.compile(r"([^\w\s])(.*?)\1").match(tex, end)
        return (verbatim[2], verbatim.end()) if verbatim else None
    if name not in ("ding", "begin", "end"):
        sign = formula.symbol(name)
        return (sign, end) if sign else None
    argument, after = formula.argument(tex, end)
    if name == "ding" and argument and argument.isdecimal() and int(argument) in _DINGBATS:
        return chr(_DINGBATS[int(argument)] + int(argument)), after
    return (" ", after) if name != "ding" and argument and _LAYOUTS.fullmatch(argument) else None


def _own(found: re.Match[str], depth: int) -> tuple[str, int]:
    r"""What no rule knows is an author's own command: shown by its name, or by its argument where that is prose.

    A path's `\` and a regular expression's `\d` are none; `\k{appa}` is a Greek letter that was torn.
    """
    tex, name, end = found.string, found[0][1:], found.end()
    argument, after = formula.argument(tex, end)
    if len(name) == 1:
        torn = formula.symbol(name + argument) if argument and argument.isalpha() else None
        return (torn, after) if torn else (found[0], end)
    in_a_path = re.match(r"[\w:\\]", tex[found.start() - 1 : found.start()])
    if in_a_path or name in ("begin", "end") or depth >= _DEEPEST:
        return found[0], end
    if argument == "":
        return name, after
    if argument is None and tex.startswith("{", end):
        return "", end + 1
    return (_scan(argument, depth + 1), after) if argument and " " in argument else (name, end)


_RULES = {
    "link": _link,
    "math": _math,
    "accent": _accent,
    "escaped": _escaped,
    "space": _space,
    "command": _command,
    "group": _group,
    "tie": _tie,
    "dash": _dash,
    "quote": _quote,
}
