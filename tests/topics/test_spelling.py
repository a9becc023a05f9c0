"""A topic's keyword and what stands in a text for it: by kind, what is the same and what is not."""

from __future__ import annotations

import pytest

from bot.model import Topic
from bot.topics.matcher import Matcher
from bot.topics.spelling import spelled
from tests.builders import paper


def finds(keyword: str, text: str) -> bool:
    return bool(
        Matcher([Topic("t", "T", (), keywords=(keyword,))]).match(paper(title="", abstract=f"On {text}, too."))
    )


SAME = {
    "a plural in ies": [
        ("dwarf galaxy", "dwarf galaxies"),
        ("case studies", "a case study"),
        ("symmetry", "broken symmetries"),
        ("gravity theory", "gravity theories"),
        ("memory", "Memories"),
        ("query", "Queries"),
        ("policy gradient", "policies gradients"),
        ("movies", "a movie"),
        ("boundary", "grain-boundaries"),
        ("anomaly", "anomalies"),
        ("entropy", "entropies"),
        ("time series", "time-series"),
    ],
    "a plural of Latin or Greek": [
        ("supernova", "supernovae"),
        ("supernova", "supernovas"),
        ("supernovae", "a supernova"),
        ("kilonova", "kilonovae"),
        ("equilibrium", "Nash equilibria"),
        ("equilibrium", "equilibriums"),
        ("power spectrum", "power spectra"),
        ("nebula", "planetary nebulae"),
        ("quantum", "quanta"),
        ("bacterium", "bacteria"),
        ("phenomenon", "phenomena"),
        ("criterion", "criteria"),
        ("cellular automaton", "cellular automata"),
        ("polyhedron", "polyhedra"),
        ("active galactic nucleus", "active galactic nuclei"),
        ("radius", "radii"),
        ("locus", "loci"),
        ("hypothesis", "hypotheses"),
        ("meta-analysis", "meta-analyses"),
        ("random matrix", "random matrices"),
        ("vertex", "vertices"),
        ("vertices", "vertexes"),
        ("index", "indices"),
        ("vortex", "vortices"),
        ("formula", "formulae"),
        ("axis", "three axes"),
        ("mouse", "mice"),
        ("tooth", "teeth"),
        ("symposium", "symposia"),
        ("larva", "larvae"),
        ("supernova remnant", "supernovae remnants"),
        ("wavelet basis", "wavelet bases"),
        ("equation of state", "equations of state"),
        ("degrees of freedom", "one degree-of-freedom"),
        ("mixture of experts", "Mixtures of Experts"),
        ("class of birds", "two classes of birds"),
        ("Gröbner bases", "a Gröbner basis"),
        ("SN Ia", "SNe Ia"),
        ("knife", "knives"),
        ("quiz", "quizzes"),
        ("plateau", "plateaus"),
        ("GPU", "many gpus"),
        ("taxi", "taxis"),
        ("encyclopedia", "encyclopedias"),
        ("addendum", "addenda"),
    ],
    "British and American": [
        ("colour", "color"),
        ("behavior", "human behaviour"),
        ("behavioural economics", "behavioral economics"),
        ("tumor", "tumours"),
        ("neighbourhood", "neighborhoods"),
        ("vapour deposition", "vapor deposition"),
        ("optimisation", "optimization"),
        ("optimize", "optimises"),
        ("summarisation", "Summarization"),
        ("polarised light", "polarized light"),
        ("synchronising", "synchronizing"),
        ("analyse", "analyzes"),
        ("fibre", "optical fiber"),
        ("centre of mass", "center-of-mass"),
        ("metre", "meters"),
        ("nanometre", "nanometer"),
        ("catalogue", "catalogs"),
        ("dialogue system", "dialog systems"),
        ("adversarial defence", "adversarial defense"),
        ("topic modelling", "topic modeling"),
        ("labelled data", "labeled data"),
        ("tunnelling", "quantum tunneling"),
        ("travelling salesman", "traveling salesman"),
        ("haemoglobin", "hemoglobin"),
        ("anaemia", "anemia"),
        ("paediatric", "pediatric"),
        ("palaeoclimate", "paleoclimate"),
        ("foetal", "fetal"),
        ("oestrogen", "estrogen"),
        ("sulphur", "sulfur"),
        ("grey matter", "gray matter"),
        ("judgement", "judgment"),
        ("accretion disc", "accretion disks"),
        ("artefact", "artifacts"),
        ("ageing", "aging"),
        ("program synthesis", "programme synthesis"),
        ("sceptic", "skeptics"),
        ("aluminium", "aluminum"),
        ("manoeuvre", "maneuvers"),
        ("sleep apnoea", "sleep apnea"),
        ("mediaeval", "medieval"),
        ("homoeostasis", "homeostasis"),
        ("learnt representation", "learned representations"),
        ("kilogramme", "kilograms"),
    ],
    "joined and split": [
        ("fine-tuning", "finetuning"),
        ("fine-tuning", "fine tuning"),
        ("finetuning", "fine-tuning"),
        ("finetuning", "fine tuning"),
        ("fine tuning", "finetuning"),
        ("multimodal", "multi-modal"),
        ("multi-modal", "multimodal learning"),
        ("multimodal learning", "multi-modal learning"),
        ("dataset", "data sets"),
        ("data set", "datasets"),
        ("[O III]", "[OIII]"),
        ("[OIII]", "[O III]"),
        ("H II region", "HII regions"),
        ("HII region", "H II regions"),
        ("Mg II", "MgII"),
        ("k-means", "kmeans"),
        ("t-SNE", "tSNE"),
        ("GPT-4", "GPT4"),
        ("GPT4", "GPT-4"),
        ("GPT4", "GPT 4"),
        ("X-ray", "Xray"),
        ("super-resolution", "superresolution"),
        ("semisupervised", "semi-supervised"),
        ("nonlinear", "non-linear"),
        ("photo-z", "photoz"),
        ("e-commerce", "ecommerce"),
        ("few-shot", "fewshot"),
        ("text-to-image", "text2image"),
        ("sim2real", "sim-to-real"),
        ("3DGS", "3D-GS"),
        ("N = 4", "N=4 theories"),
        ("N=4", "$\\mathcal{N} = 4$ theories"),
        ("B -> K", "$B\\to K$ decays"),
        ("ttbar", "$t\\bar{t}$ pairs"),
    ],
    "names": [
        ("Noether's theorem", "the Noether theorem"),
        ("Noether theorem", "Noether’s theorem"),
        ("Bayes theorem", "Bayes' theorem"),
        ("Alzheimer disease", "Alzheimer's disease"),
        ("Schroedinger equation", "Schrödinger equation"),
        ("Schrödinger equation", "the Schrodinger equation"),
        ("Moebius strip", "Möbius strips"),
        ("Goedel numbering", "Gödel numberings"),
        ("Kaehler manifold", "Kähler manifolds"),
        ("Roentgen", "Röntgen"),
        ("Cherenkov light", "Čerenkov light"),
        ("Chebyshev polynomial", "Tchebychev polynomials"),
    ],
    "raised and lowered": [
        ("w0waCDM", "$w_0w_a$CDM"),
        ("w0waCDM", "w$_0$w$_a$CDM"),
        ("MoS2", "MoS_2"),
        ("MoS2", "MoS$_2$"),
        ("MoS$_2$", "MoS2"),
        ("La2-xSrxCuO4", "La$_{2-x}$Sr$_x$CuO$_4$"),
        ("YBa2Cu3O7-x", "YBa$_2$Cu$_3$O$_{7-x}$"),
        ("C*-algebra", "$C^*$-algebras"),
        ("C*-algebra", "C$^\\ast$-algebra"),
        ("13CO", "$^{13}$CO"),
        ("C18O", "C$^{18}$O"),
        ("Ca2+", "Ca$^{2+}$"),
        ("h^2", "$h^2$"),
        ("h^2", "h²"),
        ("L^2 norm", "$L^2$-norm"),
        ("sigma8", "$\\sigma_8$"),
        ("H2O", "H$_2$O"),
        ("TiO2", "TiO$_{2}$"),
        ("l1 norm", "$\\ell_1$-norm"),
    ],
    "Greek letters and their names": [
        ("Lyα", "Lya"),
        ("Lyα", "Ly-alpha"),
        ("Lyα", "Ly$\\alpha$"),
        ("Ly alpha", "Lyα"),
        ("Lya", "Ly$\\alpha$ emitters"),
        ("Hα", "H-alpha"),
        ("Hα", "Ha"),
        ("H-beta", "H$\\beta$"),
        ("ΛCDM", "LambdaCDM"),
        ("ΛCDM", "$\\Lambda$CDM"),
        ("ΛCDM", "Lambda-CDM"),
        ("LCDM", "ΛCDM"),
        ("gamma-ray burst", "γ-ray bursts"),
        ("β-VAE", "beta-VAE"),
        ("μSR", "muSR"),
        ("alpha decay", "$\\alpha$ decay"),
        ("tau lepton", "$\\tau$ leptons"),
        ("A-infinity", "$A_\\infty$"),
    ],
    "small words": [
        ("LLM-as-a-judge", "LLM-as-judge"),
        ("LLM-as-a-judge", "LLM as a judge"),
        ("LLM-as-judge", "LLM as a judge"),
        ("LLM-as-judge", "LLM-as-the-judges"),
        ("state of the art", "state-of-art"),
        ("state-of-art", "state of the art"),
        ("needle in a haystack", "needle-in-haystack"),
        ("human-in-the-loop", "human-in-loop"),
        ("The Pile", "trained on The Pile"),
        ("a priori estimate", "of a priori estimates"),
    ],
}
DIFFERENT = {
    "a plural in ies": [
        ("body", "bode"),
        ("ty", "ties"),
        ("STUDS", "studies"),
        ("dies", "dy"),
        ("Lie algebra", "ly algebra"),
    ],
    "a plural of Latin or Greek": [
        ("MICE", "of mice"),
        ("data", "datum"),
        ("opera", "opus"),
        ("agenda", "agendum"),
        ("novum", "nova"),
        ("device", "devex"),
        ("lattice", "latex"),
        ("phase", "phasis"),
        ("basis", "base"),
        ("Bayes", "the Bay of birds"),
        ("Antares", "antar"),
        ("equation of state", "equationss of state"),
        ("LLM of birds", "LLMS of birds"),
        ("base", "basis"),
        ("ellipse", "ellipsis"),
        ("status", "statu"),
        ("man", "many"),
    ],
    "British and American": [
        ("hour", "hor"),
        ("contour", "contor"),
        ("four", "for"),
        ("size", "sis"),
        ("control", "controlled"),
        ("discover", "disk over"),
        ("prise", "price"),
        ("league", "leag"),
        ("program", "programmed"),
        ("entre", "enter"),
    ],
    "joined and split": [
        ("ASR", "networks such as R"),
        ("GAN", "g an"),
        ("A2", "a 2-dimensional"),
        ("RAG", "on RA G"),
        ("into", "in to"),
        ("data", "da tum"),
        ("vision language", "vision. Language"),
        ("fine tuning", "fine and tuning"),
        ("set", "data-setting"),
        ("Z' boson", "a Z boson"),
        ("phoenix", "phonix"),
        ("poem", "pom"),
        ("ion", "fine i on"),
        ("AI", "maintain a I"),
        ("3DGS", "3D, GS"),
    ],
    "raised and lowered": [
        ("H2", "$h^2$"),
        ("H2", "h²"),
        ("h^2", "H$_2$"),
        ("R2", "$R^2$"),
        ("CO", "CO$_2$O"),
        ("T2", "T$^{2}$ space"),
        ("SU3", "SU(3)"),
        ("13C", "13$^{th}$ C"),
    ],
    "Greek letters and their names": [
        ("PHI", "φ"),
        ("CHI", "the angle $\\chi$"),
        ("PI", "π"),
        ("alpha", "Lyα"),
        ("Lya", "lya"),
        ("HA", "Hα"),
        ("beta", "zeta"),
        ("eta", "beta decay"),
    ],
    "small words": [
        ("vitamin A deficiency", "vitamin deficiency"),
        ("vision language", "vision the language"),
        ("hepatitis A", "hepatitis"),
        ("vision language", "vision a language"),
        ("state of art", "state of an old art"),
        ("state of the art", "state the art"),
    ],
}


def of(table: dict[str, list[tuple[str, str]]]) -> list[object]:
    return [pytest.param(*pair, id=f"{kind}: {' - '.join(pair)}") for kind, pairs in table.items() for pair in pairs]


@pytest.mark.parametrize(("keyword", "text"), of(SAME))
def test_these_are_one(keyword: str, text: str) -> None:
    assert finds(keyword, text)


@pytest.mark.parametrize(("keyword", "text"), of(DIFFERENT))
def test_these_are_not(keyword: str, text: str) -> None:
    assert not finds(keyword, text)


def test_the_list_has_seventy_keywords_or_more() -> None:
    assert len({keyword for pairs in SAME.values() for keyword, _ in pairs}) >= 70


def test_a_word_that_is_spelled_in_one_way_alone_keeps_its_capitals() -> None:
    assert [spelled(word) for word in ("GPs", "AIs", "Colour", "MICE", "Erdős")] == [
        "GPs",
        "AIs",
        "color",
        "MICE",
        "Erdős",
    ]


@pytest.mark.parametrize(
    "word", ["galaxy", "color", "optimize", "center", "supernova", "matrix", "fiber", "maneuver"]
)
def test_what_is_spelled_once_is_spelled_so_for_good(word: str) -> None:
    assert spelled(spelled(word)) == spelled(word)


def test_the_beginning_of_a_word_is_looked_for_as_it_is_written() -> None:
    (topic,) = [Topic("t", "T", (), query="galaxi* OR optimis*")]
    found = Matcher([topic]).match(paper(title="Galaxies", abstract="optimised"))
    assert [hit.field for hit in found["t"].hits] == ["title", "abstract"]
