"""Finds the sentence of an abstract that says what the paper does: "we propose", "is measured", "this paper surveys".

Pure, and without a model: a sentence is judged by the words that authors use for their own work. The result is a
place in the text; nothing is rewritten. Never takes a sentence about others' work if there is one about the paper's
own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def _any(words: str) -> str:
    """A pattern for any one of the words; an underscore stands for a blank."""
    return f"(?:{'|'.join(words.split()).replace('_', ' ')})"


# -- where sentences end ------------------------------------------------------------------------------------------

_END = re.compile(r"[.!?][)\]\"'”’]*\s+(?=[^\sa-z])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[~])"
    + _any(
        r"""[A-Z] (?:[A-Za-z]\.)+[A-Za-z] al approx apps? ca cf chs? cor corp defs? dr eqs? eqn exp figs? inc jr lem
    ltd mr mrs ms nos? pp? prof prop refs? resp secs? sects? st suppl? tabs? thm univ viz vols? vs"""
    )
    + "$",
    re.IGNORECASE,
)
"""Words whose full stop does not end the sentence; a single letter is the initial of a name."""
_OPENING = re.compile(r"(?:We|Here|In|Th\w+|Our|To|However|It|A|An|As|For|By|Moreover|Furthermore)\b")
"""These words begin a sentence even after an abbreviation: "by Smith et al. We show"."""


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence of English text begins and ends, without the blanks after it.

    "et al.", "Fig. 3", "e.g.", initials and decimals do not end a sentence. No sentence begins with a small letter.
    """
    begin = 0
    for end in _END.finditer(text):
        before = text[begin : end.start()]
        if text[end.start()] == "." and _ABBREVIATION.search(before) and not _OPENING.match(text, end.end()):
            continue
        yield begin, begin + len(text[begin : end.end()].rstrip())
        begin = end.end()
    if text[begin:].strip():
        yield begin, len(text.rstrip())


# -- what a sentence says -----------------------------------------------------------------------------------------

_DOCUMENT = _any(
    """paper work article book study letter report survey review thesis dissertation note manuscript chapter
    tutorial essay contribution research project overview monograph course"""
)
_THIS = rf"(?:this|the present|the current|our) (?:\w+ ){{0,2}}{_DOCUMENT}\b"
_HOPE = _any("opens? paves? highlights? underscores? lays? suggests? sheds? contributes?_to marks? advances?")
"""What "this work" does at the end of an abstract."""
_WE = r"\b(?:[Ww]e\b" + "".join(
    rf"(?<!\b{word} we)" for word in ("that", "if", "as", "how", "when", "where", "what", "which", "than", "can")
)
_WE += r"|I\b(?! \w+ \w+ you\b))"  # "I will give you fifty" is an example that somebody studies
"""The authors as the subject; in a clause that begins with one of the words above they are not."""
_ADVERB = _any(
    r"""\w+ly here then first therefore thus hence instead now next jointly both have will also further in_turn
    are_the_first_to in_this_\w+ to_this_end aim_to seek_to attempt_to set_out_to"""
)
_ADVERBS = rf"(?:,? {_ADVERB},?){{0,3}}"
_PRESENT = _any(
    r"""propos introduc present develop design describ devis buil[dt] construct stud(?:y|ied)\b investigat examin
    explor prov(?:e|ed|en)\b deriv formulat formali[sz] establish report address tackl revisit survey review
    creat contribut rethink reformulat recast refram outlin offer search aim advocat call_for give\b provid
    systemati[sz] measure\b"""
)
_DO = _any(
    r"""anal[yi][sz] measur extend generali[sz] characteri[sz] curat implement defin compar benchmark quantif comput
    calculat discuss unif reconstruct constrain synthesi[sz] fabricat consider solv classif resolv
    model(?:led|ed)?\b simulat detect determin gave obtain conduct perform carr(?:y|ied)_out audit cast initiat
    seek focus bring complet settl answer disprov refut trac map(?:ped)?\b discover uncover identif
    conceptuali[sz] operationali[sz] leverag adapt augment enhanc equip collect compil test take turn combin
    integrat transform replac decompos enabl evaluat assess articulat fill clos modif extract translat
    instantiat refin convert deploy optimi[sz] reduc simplif decoupl draw"""
)
_SHOW = _any(
    r"""show demonstrat find found argu observ us(?:e|ed)\b appl employ exploit adopt ask train validat
    hypothesi[sz] estimat infer predict achiev improv learn fine-?tun posit note reveal release open-source make
    treat view verif illustrat confirm experiment"""
)
_DONE = _any(
    """proposed introduced presented developed described devised designed investigated studied measured reported
    derived proved proven established anal[yi][sz]ed examined explored discussed considered reviewed calculated
    computed obtained constructed demonstrated evaluated compared determined performed addressed formulated
    extended generali[sz]ed characteri[sz]ed shown tested given found observed detected revisited solved
    classified simulated carried_out conducted applied collected"""
)

_IN_THIS = re.compile(rf"^(?:In )?{_THIS}(?!.{{0,40}}\balso\b)", re.IGNORECASE)
_PRESENTING = re.compile(
    rf"\b(?:[Ii]n|[Tt]hrough|[Ww]ith(?:in)?) {_THIS}"
    rf"|(?:^|, )(?i:{_THIS})(?! {_HOPE})"
    rf"|\bthis (?:paper|article|manuscript|survey|tutorial|thesis)\b(?! {_HOPE})"
    r"|^(?:The|This|Our) (?:\w+ )?(?:contribution|aim|goal|objective|purpose|main result)s?\b"
    r"|^(?:Objectives?|Aims?|Purpose|Goals?): To "
    rf"|\bHere,? {_WE}|{_WE}{_ADVERBS} {_PRESENT}"
    rf"|{_WE} \w[^.]* (?:and|by|to) {_any('propos introduc present develop report')}"
)
"""Says explicitly what the paper presents."""
_DOING = re.compile(rf"{_WE}{_ADVERBS} {_DO}")
"""Says what the authors do."""
_FINDING = re.compile(
    rf"{_WE}{_ADVERBS} {_SHOW}"
    rf"|\b(?:is|are|was|were) (?:here|first|then|also|further|thus|\w+cally|systematically|directly)?,? ?{_DONE}\b"
    r"|^(?:Presented|Reported) (?:here|is|are)"
)
"""Says what was found; or what was done, in the passive."""
_BY_OTHERS = re.compile(
    r"\b(?:recently|previously|originally|traditionally|often|widely|usually|typically|rarely|commonly|increasingly)\b"
    r"|\b(?:has|have|had) been\b|\bin the literature\b|\bin recent years\b|\b(?:by|of|in) [A-Z]\w+ et al\b"
    r"|\b(?:by|in|since|after) \(?(?:19|20)\d\d\b|\b(?:was|were) (?:first )?(?:proposed|introduced|discovered)\b"
)
"""In a passive sentence, these words say that others did it."""
_KINDS = _any(
    """existing previous prior current most many several numerous various other recent conventional traditional
    standard these today's"""
)
_WORKS = _any("methods? approach(?:es)? works? models? systems? benchmarks? techniques? studies solutions research")
_ABOUT_OTHERS = re.compile(rf"\b{_KINDS} (?:\w+[ -]){{0,3}}?{_WORKS}\b")
_OURS = re.compile(rf"{_WE}|\b[Oo]ur\b|\b[Tt]he proposed\b")
_GOING_ON = _any(
    r"""Additionally In_addition Furthermore Moreover Finally Lastly Also Further Besides Beyond Extensive
    Experiment As_a_(?:result|by-?product) Second Third On_(?:the|a) Across Empirically Code Project"""
)
_ALSO = _any("also further additionally finally then furthermore next")
_GOES_ON = re.compile(rf"^{_GOING_ON}|\b[Ww]e {_ALSO}\b")
"""Continues an earlier sentence, or says how good the result is."""
_CLOSING = re.compile(r"\b[Ww]e (?:\w+ )?(?:hope|believe|conclude|end|close|expect|leave) ")
_AVAILABLE = re.compile(
    r"https?://"
    r"|\b(?:code|dataset|data|models?|weights|implementation|resources|benchmark)\b[^.]{0,60}"
    r"\b(?:available|released|open-sourced?|public)\b"
    r"|\bwe (?:\w+ )?(?:release|open-source|make|publish|share)\b[^.]{0,60}\b(?:code|data|weights|public)",
    re.IGNORECASE,
)
_NAME = re.compile(r"^([^:–—]{2,40}?)\s*[:–—]\s")

_CLAUSE = re.compile(rf", (?=(?:we|I)\b|{_THIS})")

_PLAINEST = 7


def contribution(text: str, title: str = "") -> int | None:
    """Where the sentence that says what the paper does begins in a flattened abstract; None if there is none.

    Of several such sentences the most explicit one is taken, of equally explicit ones the first.

    Args:
        text: the abstract, flat.
        title: the paper's title, flat: a name that it begins with ("Name: what it is") is the paper's own thing.
    """
    found = _NAME.match(title)
    name = found[1] if found else ""
    best, place = 0, None
    for begin, end in sentences(text):
        plainness = _plainness(text[begin:end], name)
        if plainness > best:
            best, place = plainness, begin
        if best == _PLAINEST:
            break
    return place


def main_clause(text: str, begin: int) -> int:
    """Where the main clause of an abstract's sentence begins: "we show" of "Using 412 birds, we show ...".

    `begin` is where the sentence begins, and the answer where nothing stands before the main clause.
    """
    end = next((end for start, end in sentences(text[begin:]) if not start), 0)
    found = _CLAUSE.search(text, begin, begin + end)
    return found.end() if found else begin


def _plainness(sentence: str, name: str) -> int:
    """From 0 (says nothing about this paper) to 7 (says explicitly what the paper presents)."""
    if sentence.endswith("?"):
        return 1 if _OURS.search(sentence) else 0
    if _PRESENTING.search(sentence):
        return _PLAINEST if _IN_THIS.search(sentence) or not _GOES_ON.search(sentence) else 5
    if _AVAILABLE.search(sentence) or _CLOSING.search(sentence):
        return 0
    plainness = _of_other_sentences(sentence, name)
    return plainness - 1 if plainness and _GOES_ON.search(sentence) else plainness


def _of_other_sentences(sentence: str, name: str) -> int:
    """The plainness of a sentence that does not say explicitly what is presented."""
    if _DOING.search(sentence):
        return 6
    if _FINDING.search(sentence) and (_OURS.search(sentence) or not _BY_OTHERS.search(sentence)):
        return 2 if _ABOUT_OTHERS.search(sentence) else 4
    if name and name in sentence[: len(name) + 40]:
        return 4
    return 2 if _OURS.search(sentence) else 0
