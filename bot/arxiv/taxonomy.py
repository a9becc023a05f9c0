"""arXiv's categories: their names, archives and aliases; and suggestions for misspelled ones.

Pure. Categories of papers are never refused (`name` and `related` take any); only what a person wrote is checked
(`canonical`, `expand`).
"""

from __future__ import annotations

import difflib

# Facts from arXiv's own code: https://github.com/arXiv/arxiv-base, arxiv/taxonomy/definitions.py at 0f94fa03.
# By active archive: its name and its active categories. An archive without any is a category itself.
_ARCHIVES: dict[str, tuple[str, dict[str, str]]] = {
    "astro-ph": (
        "Astrophysics",
        {
            "CO": "Cosmology and Nongalactic Astrophysics",
            "EP": "Earth and Planetary Astrophysics",
            "GA": "Astrophysics of Galaxies",
            "HE": "High Energy Astrophysical Phenomena",
            "IM": "Instrumentation and Methods for Astrophysics",
            "SR": "Solar and Stellar Astrophysics",
        },
    ),
    "cond-mat": (
        "Condensed Matter",
        {
            "dis-nn": "Disordered Systems and Neural Networks",
            "mes-hall": "Mesoscale and Nanoscale Physics",
            "mtrl-sci": "Materials Science",
            "other": "Other Condensed Matter",
            "quant-gas": "Quantum Gases",
            "soft": "Soft Condensed Matter",
            "stat-mech": "Statistical Mechanics",
            "str-el": "Strongly Correlated Electrons",
            "supr-con": "Superconductivity",
        },
    ),
    "cs": (
        "Computer Science",
        {
            "AI": "Artificial Intelligence",
            "AR": "Hardware Architecture",
            "CC": "Computational Complexity",
            "CE": "Computational Engineering, Finance, and Science",
            "CG": "Computational Geometry",
            "CL": "Computation and Language",
            "CR": "Cryptography and Security",
            "CV": "Computer Vision and Pattern Recognition",
            "CY": "Computers and Society",
            "DB": "Databases",
            "DC": "Distributed, Parallel, and Cluster Computing",
            "DL": "Digital Libraries",
            "DM": "Discrete Mathematics",
            "DS": "Data Structures and Algorithms",
            "ET": "Emerging Technologies",
            "FL": "Formal Languages and Automata Theory",
            "GL": "General Literature",
            "GR": "Graphics",
            "GT": "Computer Science and Game Theory",
            "HC": "Human-Computer Interaction",
            "IR": "Information Retrieval",
            "IT": "Information Theory",
            "LG": "Machine Learning",
            "LO": "Logic in Computer Science",
            "MA": "Multiagent Systems",
            "MM": "Multimedia",
            "MS": "Mathematical Software",
            "NA": "Numerical Analysis",
            "NE": "Neural and Evolutionary Computing",
            "NI": "Networking and Internet Architecture",
            "OH": "Other Computer Science",
            "OS": "Operating Systems",
            "PF": "Performance",
            "PL": "Programming Languages",
            "RO": "Robotics",
            "SC": "Symbolic Computation",
            "SD": "Sound",
            "SE": "Software Engineering",
            "SI": "Social and Information Networks",
            "SY": "Systems and Control",
        },
    ),
    "econ": (
        "Economics",
        {
            "EM": "Econometrics",
            "GN": "General Economics",
            "TH": "Theoretical Economics",
        },
    ),
    "eess": (
        "Electrical Engineering and Systems Science",
        {
            "AS": "Audio and Speech Processing",
            "IV": "Image and Video Processing",
            "SP": "Signal Processing",
            "SY": "Systems and Control",
        },
    ),
    "gr-qc": ("General Relativity and Quantum Cosmology", {}),
    "hep-ex": ("High Energy Physics - Experiment", {}),
    "hep-lat": ("High Energy Physics - Lattice", {}),
    "hep-ph": ("High Energy Physics - Phenomenology", {}),
    "hep-th": ("High Energy Physics - Theory", {}),
    "math": (
        "Mathematics",
        {
            "AC": "Commutative Algebra",
            "AG": "Algebraic Geometry",
            "AP": "Analysis of PDEs",
            "AT": "Algebraic Topology",
            "CA": "Classical Analysis and ODEs",
            "CO": "Combinatorics",
            "CT": "Category Theory",
            "CV": "Complex Variables",
            "DG": "Differential Geometry",
            "DS": "Dynamical Systems",
            "FA": "Functional Analysis",
            "GM": "General Mathematics",
            "GN": "General Topology",
            "GR": "Group Theory",
            "GT": "Geometric Topology",
            "HO": "History and Overview",
            "IT": "Information Theory",
            "KT": "K-Theory and Homology",
            "LO": "Logic",
            "MG": "Metric Geometry",
            "MP": "Mathematical Physics",
            "NA": "Numerical Analysis",
            "NT": "Number Theory",
            "OA": "Operator Algebras",
            "OC": "Optimization and Control",
            "PR": "Probability",
            "QA": "Quantum Algebra",
            "RA": "Rings and Algebras",
            "RT": "Representation Theory",
            "SG": "Symplectic Geometry",
            "SP": "Spectral Theory",
            "ST": "Statistics Theory",
        },
    ),
    "math-ph": ("Mathematical Physics", {}),
    "nlin": (
        "Nonlinear Sciences",
        {
            "AO": "Adaptation and Self-Organizing Systems",
            "CD": "Chaotic Dynamics",
            "CG": "Cellular Automata and Lattice Gases",
            "PS": "Pattern Formation and Solitons",
            "SI": "Exactly Solvable and Integrable Systems",
        },
    ),
    "nucl-ex": ("Nuclear Experiment", {}),
    "nucl-th": ("Nuclear Theory", {}),
    "physics": (
        "Physics",
        {
            "acc-ph": "Accelerator Physics",
            "ao-ph": "Atmospheric and Oceanic Physics",
            "app-ph": "Applied Physics",
            "atm-clus": "Atomic and Molecular Clusters",
            "atom-ph": "Atomic Physics",
            "bio-ph": "Biological Physics",
            "chem-ph": "Chemical Physics",
            "class-ph": "Classical Physics",
            "comp-ph": "Computational Physics",
            "data-an": "Data Analysis, Statistics and Probability",
            "ed-ph": "Physics Education",
            "flu-dyn": "Fluid Dynamics",
            "gen-ph": "General Physics",
            "geo-ph": "Geophysics",
            "hist-ph": "History and Philosophy of Physics",
            "ins-det": "Instrumentation and Detectors",
            "med-ph": "Medical Physics",
            "optics": "Optics",
            "plasm-ph": "Plasma Physics",
            "pop-ph": "Popular Physics",
            "soc-ph": "Physics and Society",
            "space-ph": "Space Physics",
        },
    ),
    "q-bio": (
        "Quantitative Biology",
        {
            "BM": "Biomolecules",
            "CB": "Cell Behavior",
            "GN": "Genomics",
            "MN": "Molecular Networks",
            "NC": "Neurons and Cognition",
            "OT": "Other Quantitative Biology",
            "PE": "Populations and Evolution",
            "QM": "Quantitative Methods",
            "SC": "Subcellular Processes",
            "TO": "Tissues and Organs",
        },
    ),
    "q-fin": (
        "Quantitative Finance",
        {
            "CP": "Computational Finance",
            "EC": "Economics",
            "GN": "General Finance",
            "MF": "Mathematical Finance",
            "PM": "Portfolio Management",
            "PR": "Pricing of Securities",
            "RM": "Risk Management",
            "ST": "Statistical Finance",
            "TR": "Trading and Market Microstructure",
        },
    ),
    "quant-ph": ("Quantum Physics", {}),
    "stat": (
        "Statistics",
        {
            "AP": "Applications",
            "CO": "Computation",
            "ME": "Methodology",
            "ML": "Machine Learning",
            "OT": "Other Statistics",
            "TH": "Statistics Theory",
        },
    ),
}

# Two names of one category, the alias first; a feed that is asked for under either name has the papers of both.
_ALIASES = {
    "math.MP": "math-ph",
    "stat.TH": "math.ST",
    "math.IT": "cs.IT",
    "q-fin.EC": "econ.GN",
    "cs.SY": "eess.SY",
    "cs.NA": "math.NA",
    # archives of the nineties, subsumed since; their names still stand on old papers
    "cmp-lg": "cs.CL",
    "adap-org": "nlin.AO",
    "comp-gas": "nlin.CG",
    "chao-dyn": "nlin.CD",
    "solv-int": "nlin.SI",
    "patt-sol": "nlin.PS",
    "alg-geom": "math.AG",
    "dg-ga": "math.DG",
    "funct-an": "math.FA",
    "q-alg": "math.QA",
    "mtrl-th": "cond-mat.mtrl-sci",
    "supr-con": "cond-mat.supr-con",
    "acc-phys": "physics.acc-ph",
    "ao-sci": "physics.ao-ph",
    "atom-ph": "physics.atom-ph",
    "bayes-an": "physics.data-an",
    "chem-ph": "physics.chem-ph",
    "plasm-ph": "physics.plasm-ph",
}

_NAMES = {
    (f"{archive}.{subject}" if subject else archive): name
    for archive, (own_name, subjects) in _ARCHIVES.items()
    for subject, name in (subjects or {"": own_name}).items()
}
_CATEGORIES = {spelled.lower(): _ALIASES.get(spelled, spelled) for spelled in (*_NAMES, *_ALIASES)}
_EVERYTHING = (*_CATEGORIES, *_ARCHIVES)
# A name that is less similar than this is not suggested: for cs.ML none of cs.LG, cs.CL, cs.MA.
_ALIKE = 0.85


class UnknownCategoryError(ValueError):
    """A category that arXiv does not have."""

    def __init__(self, category: str, suggestion: str | None) -> None:
        super().__init__(f"unknown category {category}" + (f": did you mean {suggestion}?" if suggestion else ""))
        self.category = category
        self.suggestion = suggestion
        """What was probably meant; None if no category is similar."""


def canonical(category: str) -> str:
    """The canonical name of a category: alias and case are resolved (`CS.cv` is cs.CV, `cs.NA` is math.NA).

    Raises:
        UnknownCategoryError: arXiv has no such category. `cs` is none either: it is an archive that has categories.
    """
    try:
        return _CATEGORIES[category.strip().lower()]
    except KeyError:
        raise UnknownCategoryError(category, _suggestion(category)) from None


def expand(pattern: str) -> tuple[str, ...]:
    """The categories that a pattern means: all active ones of an archive (`cs.*` or `cs`), or one category.

    Returns:
        Canonical names, sorted; so `cs.*` includes math.NA, whose alias is cs.NA.

    Raises:
        UnknownCategoryError: arXiv has neither such an archive nor such a category.
    """
    archive = pattern.strip().lower().removesuffix(".*")
    if archive in _ARCHIVES:
        return tuple(sorted({canonical(category) for category in _NAMES if category.split(".")[0] == archive}))
    return (canonical(pattern),)


def name(category: str) -> str:
    """The full name of a category or an archive; the id itself if it is unknown."""
    spelled = _CATEGORIES.get(category.lower(), category)
    if spelled in _ARCHIVES:
        return _ARCHIVES[spelled][0]
    return _NAMES.get(spelled, spelled)


def related(category: str) -> tuple[str, ...]:
    """All names of this category on papers, the canonical one first; an unknown category has one."""
    first = _CATEGORIES.get(category.lower(), category)
    return (first, *sorted(alias for alias, meant in _ALIASES.items() if meant == first))


def beginning(start: str) -> tuple[str, ...]:
    """All names of categories, aliases included, that begin with the text, ignoring case."""
    return tuple(spelled for spelled in (*_NAMES, *_ALIASES) if spelled.lower().startswith(start.lower()))


def _suggestion(category: str) -> str | None:
    """The category that is most similar to what was written; None if none is similar enough."""
    written = category.strip().lower().removesuffix(".*")
    near = difflib.get_close_matches(written, _EVERYTHING, n=1, cutoff=_ALIKE)
    if not near:
        near = [archive for archive in _ARCHIVES if written and archive.startswith(written)]
    if len(near) != 1:
        return None
    return _CATEGORIES.get(near[0], f"{near[0]}.*")
