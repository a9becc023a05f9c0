"""Whether a paper's own text says that the paper has been withdrawn from arXiv.

Pure. Neither the feeds nor the catch-up pages mark a withdrawal; its authors or arXiv's administrators state it in
the comment, in older papers in place of the abstract: https://info.arxiv.org/help/withdraw.html. A drug that has been
withdrawn, a submission withdrawn from a conference or an older version that was withdrawn make no withdrawal.
"""

from __future__ import annotations

import re

_DONE = r"(?:withdrawn|retracted)\b(?! from (?!(?:the )?arxiv))"
_PAPER = r"(?:paper|article|manuscript|submission|preprint|e-?print|work|note|letter|report|document|draft|version)"
_IS = r"(?:has|have|is|was) (?:(?:been|being|now|since|hereby|temporarily|voluntarily|therefore|thus|formally) )*"
_BY = r"by (?:(?:the|its|all|both|one|of|first|corresponding) )*(?:authors?|submitters?|arxiv)\b"
_WHY = r"(?:due to|owing to|because|since|pending|until)\b"
_DO = (
    r"\b(?:we|i|authors?) (?:(?!not\b)\w+ ){0,4}?(?:withdraw|withdraws|withdrew|withdrawn|retract|retracts|retracted)"
)
# Brackets, bold and italics around a notice.
_START = r"^(?:\W|(?:bf|em|it|sl|textbf|textit|emph)\b)*"

_THIS_IS = re.compile(rf"\bthis (?:\w+ )?{_PAPER}(?: [(\[][^)\]]*[)\]])? {_IS}{_DONE}")
_OUR_IS = re.compile(rf"\b(?:the|our) (?:\w+ )?{_PAPER} {_IS}{_DONE}")
_WE_DO = re.compile(rf"{_DO} (?:this|our|my) (?:\w+ )?{_PAPER}\b(?! from (?!(?:the )?arxiv))")
_NOTICE = re.compile(rf"{_START}(?:(?:the|our|my) )?(?:arxiv )?{_PAPER} (?:{_IS})?{_DONE}")
_BARE_NOTICE = re.compile(rf"{_START}{_DONE}(?: {_BY}| {_WHY}| from (?:the )?arxiv|\W*$)")
_BARE_COMMENT = re.compile(rf"{_START}{_DONE}(?:\W*$| ?[;,(-]| (?:as|by|for)\b)")
_COMMENT_PART = re.compile(rf"\b{_DONE} {_BY}|[,:(] ?(?:{_PAPER} )?{_DONE} {_WHY}|\bremoved by (?:the )?arxiv\b")
_THE_AUTHORS_DO = re.compile(rf"{_DO} the {_PAPER}\b(?! from (?!(?:the )?arxiv))")
_TITLE_TAG = re.compile(
    r"^\W*[(\[](?:withdrawn|retracted)[)\]]|^withdrawn:|[(\[](?:paper )?(?:withdrawn|retracted)\W$"
)
_OLDER_VERSION = re.compile(
    r"\b(?:v1|version 1|(?:first|previous|earlier|prior|original|older) (?:\w+ )?(?:version|submission|paper|draft))"
    r"\b[^.;]*"
)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")


def stated(title: str, abstract: str, comment: str | None) -> bool:
    """Whether any of the three states that this paper has been withdrawn."""
    title, abstract, comment = (" ".join(part.lower().split()) for part in (title, abstract, comment or ""))
    return _in_title(title) or _in_abstract(abstract) or _in_comment(comment)


def _in_title(title: str) -> bool:
    rules = (_TITLE_TAG.search, _THIS_IS.match, _NOTICE.match, _BARE_NOTICE.match)
    return any(rule(title) for rule in rules)


def _in_abstract(abstract: str) -> bool:
    """A notice stands first or last; in between, an abstract may tell of another paper."""
    if "withdr" not in abstract and "retract" not in abstract:
        return False
    sentences = _SENTENCE_END.split(abstract)
    ends = (sentences[0], sentences[-1])
    stands_first = _NOTICE.match(abstract) or _BARE_NOTICE.match(sentences[0])
    return bool(stands_first or any(rule.search(end) for rule in (_THIS_IS, _WE_DO) for end in ends))


def _in_comment(comment: str) -> bool:
    """A comment is all about this paper, unless it names an older version."""
    now = _OLDER_VERSION.sub("", comment)
    anywhere = (_THIS_IS, _OUR_IS, _WE_DO, _THE_AUTHORS_DO, _COMMENT_PART)
    in_front = (_NOTICE, _BARE_NOTICE, _BARE_COMMENT)
    return any(rule.search(now) for rule in anywhere) or any(
        rule.match(sentence) for sentence in _SENTENCE_END.split(now) for rule in in_front
    )
