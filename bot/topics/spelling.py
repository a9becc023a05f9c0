"""One spelling for each word: British as American, an irregular plural as its singular, a Greek letter as its name.

Pure. Terms and texts are spelled so before they are compared, and nobody reads the result: it need not be English
("precise" becomes "precize" on both sides), but two words of different meaning must not become the same. The lists:
https://en.wikipedia.org/wiki/American_and_British_English_spelling_differences and
https://en.wikipedia.org/wiki/English_plurals#Irregular_plurals_from_foreign_languages.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.text import fold_case

_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu "
    "nu xi omicron pi rho sigma tau upsilon phi chi psi omega"
)
_SIGNS = str.maketrans(
    {
        **dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _NAMES.split(), strict=True)),
        **dict.fromkeys("∗⋆", "*"),
        **dict.fromkeys("→⟶", ">"),
        "∞": "infinity",
    }
)
GREEK_NAMES = frozenset(_NAMES.split())
_WITHOUT_GREEK = {"Lya": "lyalpha", "Lyb": "lybeta", "Ha": "halpha", "LCDM": "lambdacdm"}
"""How words with a Greek letter are written without one (in exactly these letters), and what they mean."""
_ABBREVIATED = {"SNe": "sn", "PNe": "pn"}
"""Abbreviated plurals, in exactly these letters: supernovae, planetary nebulae."""

Rules = tuple[tuple[re.Pattern[str], str], ...]


def _one_of(stems: str) -> str:
    return f"({'|'.join(stems.split())})"


def _rules(*pairs: tuple[str, str]) -> Rules:
    return tuple((re.compile(pattern), instead) for pattern, instead in pairs)


PLURALS = _rules(
    (r"(?<=.[b-df-hj-np-tv-z])ies?$", "y"),
    (
        _one_of(
            "alg antenn alumn amoeb areol corne formul fove hyph lacun lamell larv nebul nov papill pup retin vertebr"
        )
        + r"ae$",
        r"\1a",
    ),
    (
        _one_of(
            "equilibri spectr quant continu medi bacteri maxim minim optim extrem moment symposi millenni "
            "strat compendi consorti curricul memorand referend errat myceli epitheli endotheli atri crani "
            "aquari phyl plasmodi vacu cili flagell colloqui gymnasi addend stadi auditori trapezi empori fulcr ^for "
            "^ov ^ser"
        )
        + r"a$",
        r"\1um",
    ),
    (r"(phenomen|criteri|automat|hedr|gangli|mitochondri|^tax)a$", r"\1on"),
    (
        _one_of(
            "nucle radi stimul modul calcul bacill annul thromb embol menisc hippocamp cumul nucleol alumn "
            "cact rhomb syllab termin cocc ^foc ^loc ^tor ^fung ^gyr ^sulc ^vill"
        )
        + r"i$",
        r"\1us",
    ),
    (
        _one_of(
            "analy cataly dialy hydroly electroly pyroly paraly the gene diagno progno psycho neuro symbio "
            "morpho meio mito steno necro ^cri metasta empha synop ^oa"
        )
        + r"ses$",
        r"\1sis",
    ),
    (r"^axes$", "axis"),
    (r"(matr|append|hel|^rad)ices$", r"\1ix"),
    (r"(vert|ind|vort|cort|simpl|cod|^ap)ices$", r"\1ex"),
    (r"(schem|stigm|stom|lemm|sarcom|carcinom)ata$", r"\1a"),
    (r"^genera$", "genus"),
    (r"^corpora$", "corpus"),
    (r"eaux$", "eau"),
    (r"^(m|l)ice$", r"\1ouse"),
    (r"^feet$", "foot"),
    (r"^teeth$", "tooth"),
    (r"^geese$", "goose"),
    (r"^women$", "woman"),
    (r"^children$", "child"),
    (r"(hal|lea|wol|shel|cal|hoo|loa|thie|sel)ves$", r"\1f"),
    (r"^(kni|wi|li)ves$", r"\1fe"),
    (r"^(qui|wi)zzes$", r"\1z"),
    (r"^oxen$", "ox"),
    (r"^(|fresh|fisher|work|police|fire|crafts|business)men$", r"\1man"),
)
"""Irregular plurals, and their singulars."""

BRITISH = _rules(
    (r"practis", "practic"),
    (
        _one_of(
            "arb arm behavi cand clam col demean endeav fav ferv flav glam harb hon hum lab neighb od parl "
            "rig rum sav savi splend tum val vap vig"
        )
        + r"our",
        r"\1or",
    ),
    (r"is(e[ds]?|ers?|ing|ations?|ational|able|ability)$", r"iz\1"),
    (r"(anal|catal|paral|dial|electrol|hydrol|pyrol)ys(e[ds]?|ers?|ing)$", r"\1yz\2"),
    (r"(cen|li|lus|me|mi|och|salpe|scep|spec|thea|ti)tre(s?)$", r"\1ter\2"),
    (r"centr(ed|ing)$", r"center\1"),
    (r"(cali|fi|sa|som)bre(s?)$", r"\1ber\2"),
    (r"meagre", "meager"),
    (r"manoeuvre(s?)$", r"maneuver\1"),
    (r"manoeuvr", "maneuver"),
    (r"(anal|catal|dial|epil|homol|monol|prol)ogu(e(?!s?$)|ing)", r"\1og\2"),
    (r"(anal|catal|dial|epil|homol|monol|prol)ogue(s?)$", r"\1og\2"),
    (r"(def|off|lic|pret)ence", r"\1ense"),
    (
        _one_of(
            "bevel cancel channel counsel dial dishevel duel equal fuel funnel initial jewel label level "
            "libel marshal marvel model panel parcel pencil quarrel ravel rival shovel signal spiral stencil "
            "swivel total travel tunnel"
        )
        + r"l(ed|[eo]rs?|ings?|ation|ist|ous)$",
        r"\1\2",
    ),
    (r"(fulfi|enro|insta|insti|disti|enthra)l(s?|ments?)$", r"\1ll\2"),
    (r"(ski|wi)lful", r"\1llful"),
    (r"(bia|focu)ss(?=e[ds]$|ing$)", r"\1s"),
    (r"haem", "hem"),
    (r"aemi", "emi"),
    (r"paed", "ped"),
    (r"(gyn|pal|arch)ae(?!$)", r"\1e"),
    (r"^caes", "ces"),
    (r"^aetiol", "etiol"),
    (r"aesth", "esth"),
    (r"aeval$", "eval"),
    (r"^faec", "fec"),
    (r"^foet", "fet"),
    (r"^oe(?=dem|stro|soph)", "e"),
    (r"rrhoe", "rrhe"),
    (r"pnoea", "pnea"),
    (r"^homoeo", "homeo"),
    (r"^coel(?=i|o)", "cel"),
    (r"sulph", "sulf"),
    (r"aluminium", "aluminum"),
    (r"^grey", "gray"),
    (r"^mould", "mold"),
    (r"^tyre", "tire"),
    (r"^plough", "plow"),
    (r"programme(s?)$", r"program\1"),
    (r"(^|kilo|milli|micro)gramme(s?)$", r"\1gram\2"),
    (r"^jewellery$", "jewelry"),
    (r"^(learn|burn)t$", r"\1ed"),
    (r"^aeroplane", "airplane"),
    (r"^sceptic", "skeptic"),
    (r"artefact", "artifact"),
    (r"(siz|mov|lik|us|sal|rat|blam)eable$", r"\1able"),
    (r"(judg|acknowledg|abridg|lodg)ement", r"\1ment"),
    (r"^ageing$", "aging"),
    (r"^disc(s?)$", r"disk\1"),
    (r"^enquir", "inquir"),
    (r"(infle|refle|conne)xion", r"\1ction"),
    (r"neurone", "neuron"),
    (r"^cypher", "cipher"),
    (r"wards$", "ward"),
)
"""British spellings, and the American ones."""

BY_SOUND = _rules((r"(?<=[a-z]{3})2(?=[a-z]{3})", "to"), (r"^(bb|cc|tt)bar$", r"\1"))
"""sim2real is sim-to-real, and ttbar what is written with a bar over one of the two."""
EPONYMS = _rules(
    (r"^(fr|r)oe(?=hlich|ntgen)", r"\1o"),
    (
        r"^(b|f|g|gr|h|k|l|m|p|r|schr)oe(?=hm|rster|del|ttingen|bner|lder|nig|wner|bius|ssbauer|schl|ssler|dinger)",
        r"\1o",
    ),
    (r"^(k|l|m|t|w|z|h)ue(?=nneth|scher|ller|nchen|bingen|rzburg|rich|ckel)", r"\1u"),
    (r"^kaehler", "kahler"),
    (r"^cherenkov", "cerenkov"),
    (r"^(?:tch?|tsch|c)eby(?:s?ch?e(?:v|ff)|sheff)", "chebyshev"),
    (r"^l(?:i|j)apunov", "lyapunov"),
)
"""Names written without their umlaut; and transliterations of Russian names."""
_OF_ALL = (*BRITISH, *BY_SOUND, *EPONYMS)
_ANY = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in (*PLURALS, *_OF_ALL)))


@lru_cache(maxsize=65536)
def spelled(word: str) -> str:
    """A word as it is compared, except for the s or es of a plural. Its capitals stay if nothing else changed.

    Args:
        word: letters and digits, in any case and with any accents. In capitals it is no irregular plural: MICE is an
            acronym.
    """
    if word in _WITHOUT_GREEK:
        return as_greek(word)
    if word in _ABBREVIATED:
        return _ABBREVIATED[word]
    letters = in_latin(word)
    if not _ANY.search(letters):
        return word if letters == fold_case(word) else letters
    rules = _OF_ALL if word.isupper() else (*PLURALS, *_OF_ALL)
    regular = applied(rules, letters)
    return word if regular == fold_case(word) else regular


def as_greek(word: str) -> str:
    """`Lya` (which means Lyα) as `lyalpha`, and the few other words of this kind; any other word unchanged."""
    return _WITHOUT_GREEK.get(word, word)


def is_greek(text: str) -> bool:
    """Whether the text has a Greek letter."""
    return bool(re.search("[α-ω]", text.casefold()))


def in_latin(word: str) -> str:
    """The word in small letters without accents, and without Greek ones."""
    folded = fold_case(word)
    return folded if folded.isascii() else folded.translate(_SIGNS)


def applied(rules: Rules, letters: str) -> str:
    """The word, in small letters, with the rules applied."""
    for pattern, instead in rules:
        letters = pattern.sub(instead, letters)
    return letters
