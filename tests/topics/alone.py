"""One topic evaluated by itself, one regular expression per term: slow, plain, what the index must agree with.

Spells words and reads queries and names as the program does; where a word ends, which words are one when they are
joined, and what a plural is, it says itself. It reads a text with its separators, one blank or one hyphen each.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.arxiv.taxonomy import related
from bot.model import Hit, Match, MatchMode
from bot.text import flatten_tex, fold_case
from bot.topics.author_names import Name, Signed, readings, signed
from bot.topics.query import And, Node, Not, Term, from_topic
from bot.topics.spelling import GREEK_NAMES, in_latin, spelled
from bot.topics.term_forms import ION, in_both_numbers, unspelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.model import Paper, Topic

    Test = Callable[["Text"], bool]
    Condition = Callable[["Text"], "tuple[Hit, ...] | None"]


POWERS = "⁰¹²³⁴-⁹"
POWER = re.compile(rf"(?<=[^\W{POWERS}]|\))([{POWERS}]++)(?![^\W_]|[⁺⁻])")
TOKEN = re.compile(rf"(?P<gap>[\s_^\u2010-\u2015\u2212-]+)|(?P<power>[{POWERS}]+)|[^\W_{POWERS}]+|.", re.DOTALL)


def is_one(meant: Iterable[Name], of: Iterable[Signed]) -> bool:
    """Whether one of the readings of a name matches one of the spellings of an author."""
    splits = [split for each in of for split in each.splits()]
    return any(name.family == family and name.fits(given) for name in meant for family, given in splits)


class ReferenceText:
    """A text, folded, where a word ends there whose s makes no plural of it, and where a Greek letter is a word."""

    def __init__(self, plain: str, *, as_written: bool = False) -> None:
        self.folded = self.last = self.last_letters = ""
        self.own_s, self.greek = set[int](), set[int]()
        parts = [part if n % 2 else unicodedata.normalize("NFKC", part) for n, part in enumerate(POWER.split(plain))]
        for token in TOKEN.finditer("".join(parts)):
            if token["gap"]:
                self._part(token["gap"])
            elif token["power"] or as_written:
                self._add(token[0], token[0], token["power"] or in_latin(token[0]))
            else:
                self._add(token[0], spelled(token[0]), in_latin(spelled(token[0])))
        self.folded = self.folded.rstrip(" -")

    def _part(self, gap: str) -> None:
        is_blank = " " in gap or self.folded[-1:] in ("", " ")
        self.folded = self.folded.rstrip(" -") + (" " if is_blank else "-") * bool(self.folded)

    def _add(self, token: str, word: str, letters: str) -> None:
        if len(token) == 1 and letters in GREEK_NAMES:
            self.greek.add(len(self.folded))
        self.folded += letters
        self.last, self.last_letters = word, letters
        if word.endswith(("s", "S")) and fold_case(word[:-1]) not in _singulars(word):
            self.own_s.add(len(self.folded))


class Text:
    """A paper as matching reads it, made ready once for however many topics."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        fields = {
            "title": paper.title,
            "abstract": paper.abstract,
            "comment": paper.comment or "",
            "journal_ref": paper.journal_ref or "",
        }
        self.raw = {field: text.casefold() for field, text in fields.items()}
        self.exact = {field: _one_blank(text) for field, text in fields.items()}
        self.words = {field: ReferenceText(unspelled(text)) for field, text in fields.items()}
        self.as_written = {field: ReferenceText(unspelled(text), as_written=True) for field, text in fields.items()}
        self.authors = [signed(author.name) for author in paper.authors]
        self.author_words = [ReferenceText(unspelled(author.name), as_written=True) for author in paper.authors]
        self.codes = {
            "category": [category.casefold() for category in paper.categories],
            "id": [paper.identifier, f"{paper.identifier}v{paper.version}"],
        }


class ReferenceMatcher:
    """One topic, compiled."""

    def __init__(self, topic: Topic) -> None:
        wanted, excluded = from_topic(topic)
        self._name = topic.name
        self._wanted = _condition(wanted)
        self._excluded = _condition(excluded)

    def claim(self, text: Text) -> Match | None:
        hits = self._wanted(text)
        if hits is None or self._excluded(text) is not None:
            return None
        return Match(self._name, tuple(dict.fromkeys(hits)))


def _condition(node: Node) -> Condition:
    match node:
        case Term():
            tests = [(Hit(node.spelled, field), _test(node, field)) for field in node.fields]
            return lambda text: tuple(hit for hit, holds in tests if holds(text)) or None
        case Not():
            refused = _condition(node.node)
            return lambda text: () if refused(text) is None else None
    conditions = [_condition(part) for part in node.nodes]
    enough = all if isinstance(node, And) else any

    def hits(text: Text) -> tuple[Hit, ...] | None:
        parts = [condition(text) for condition in conditions]
        return tuple(hit for part in parts for hit in part or ()) if enough(p is not None for p in parts) else None

    return hits


def _test(term: Term, field: str) -> Test:
    if field == "author":
        return _author(term)
    if field in ("category", "id"):
        return _code(term, field)
    if field in ("title", "abstract") and term.mode is MatchMode.SUBSTRING:
        return lambda text: term.text.casefold() in text.raw[field]
    if term.mode is MatchMode.EXACT:
        pattern = _exact(term)
        return lambda text: bool(pattern.search(text.exact[field]))
    if term.prefix:
        return lambda text: _stands(term, text.as_written[field])
    both = [term._replace(text=written) for written in in_both_numbers(term.text)]
    return lambda text: any(_stands(each, text.words[field]) for each in both)


def _author(term: Term) -> Test:
    if term.prefix:
        return lambda text: any(_stands(term, words) for words in text.author_words)
    meant = readings(term.text)
    return lambda text: any(is_one(meant, name) for name in text.authors)


def _code(term: Term, field: str) -> Test:
    if term.prefix:
        return lambda text: any(code.startswith(term.text.casefold()) for code in text.codes[field])
    names = {name.casefold() for name in (related(term.text) if field == "category" else (term.text,))}
    return lambda text: not names.isdisjoint(text.codes[field])


def _stands(term: Term, prose: ReferenceText) -> bool:
    pattern, exact, is_acronym = _pattern(term)
    found = pattern.search(prose.folded)
    while found and (
        (re.sub("[ -]", "", found["last"]) not in exact and found.end() in prose.own_s)
        or (is_acronym and found.start() in prose.greek)
    ):
        found = pattern.search(prose.folded, found.start() + 1)
    return found is not None


def _one_blank(raw: str) -> str:
    return re.sub(r"[\s\u2010-\u2015\u2212-]+", " ", flatten_tex(raw)).strip()


def _exact(term: Term) -> re.Pattern[str]:
    """Each word in its letters, or, where it has no capital, in any case."""
    wanted = _one_blank(term.text)
    if not wanted:
        return re.compile(r"(?!)")
    words = [re.escape(word) if word != word.lower() else f"(?i:{re.escape(word)})" for word in wanted.split(" ")]
    before = r"(?<![^\W_])" if wanted[0].isalnum() else ""
    behind = r"(?![^\W_])" if wanted[-1].isalnum() and not term.prefix else ""
    return re.compile(before + " ".join(words) + behind)


OPTIONAL = "\x01"
"""Stands where an article may."""
AFTER = re.compile(
    r"(?<=[^\W_][\s-])(as|at|by|for|from|in|of|on|to|with)[\s-]+(?:(?:an?|the)[\s-]+)?(?=[^\W_])", re.IGNORECASE
)


@cache
def _pattern(term: Term) -> tuple[re.Pattern[str], set[str], bool]:
    """What finds the term, what its last word is where it is no plural, and whether it is one word in capitals."""
    plain = unspelled(term.text)
    read = ReferenceText(
        plain if term.prefix else AFTER.sub(rf"\1 {OPTIONAL} ", ION.sub(r"\1 \2", plain)), as_written=term.prefix
    )
    if not read.folded:
        return re.compile(r"(?!)"), set(), False
    start = r"(?<![^\W_])" if read.folded[0].isalnum() else ""
    if term.prefix or not read.folded[-1].isalnum():
        return re.compile(f"{start}{_joined(read.folded)}(?P<last>)"), {""}, False
    singulars = {read.last_letters, *_singulars(read.last)}
    endings = ["", "s"] if read.last.isupper() or len(read.last) < 3 else ["", "s", "es"]
    before = read.folded.removesuffix(read.last_letters)
    either = "|".join(sorted(_joined(word, before) + ending for word in singulars for ending in endings))
    pattern = f"{start}{_joined(before)}(?P<last>{either})(?![^\\W_])"
    return re.compile(pattern), singulars, plain.isupper() and plain.isalpha()


def _joined(folded: str, before: str = "") -> str:
    """What finds these letters however their words are joined."""
    pattern = ""
    for last, letter in pairwise([before[-1:], *folded]):
        if letter == OPTIONAL:
            pattern += "(?:(?<=[ -])(?:a|an|the)[ -])?"
        elif letter in " -":
            pattern += "[ -]?"
        elif last in ("", " ", "-", OPTIONAL):
            pattern += re.escape(letter)
        else:
            pattern += rf"(?:-|(?<=[^\W_]{{3}}) (?=[^\W_]{{3}}|\d))?{re.escape(letter)}"
    return pattern


def _singulars(written: str) -> set[str]:
    """What a word, as it is written, may be a plural of: not of GP if it is GPS, nor of new, campu, ga or cla."""
    if written.isupper() or written.lower() in ("bayes", "james", "hermes", "ares", "antares"):
        return set()
    found = set()
    if re.search(r"(?<!s)(?<!u)(?<!i)(?<!ia)[sS]\Z", written) and written not in ("news", "News"):
        found.add(written[:-1])
    if written.endswith(("es", "ES")):
        found.add(written[:-2])
    return {fold_case(stem) for stem in found if len(stem) > 2 or (len(stem) == 2 and stem.isupper())}
