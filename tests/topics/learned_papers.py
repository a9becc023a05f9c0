"""Invented papers of six subjects, as many as one wants, for the tests of what is learned."""

from __future__ import annotations

import random

from bot.topics.features import Document

SUBJECTS = {
    "pigeons": ("pigeon", "homing", "loft", "feather", "migration", "navigation", "magnetic", "compass"),
    "bread": ("sourdough", "oven", "crust", "yeast", "fermentation", "gluten", "flour", "baking"),
    "bridges": ("bridge", "cable", "girder", "truss", "load", "span", "deck", "resonance"),
    "coins": ("coin", "mint", "silver", "hoard", "dating", "stamp", "alloy", "trade"),
    "violins": ("violin", "varnish", "bow", "string", "tone", "spruce", "body", "vibration"),
    "clouds": ("cloud", "rain", "ice", "aerosol", "storm", "droplet", "radar", "wind"),
}
_FILLER = ("measure", "sample", "yearly", "careful", "large", "small", "early", "late", "open", "broad", "rich")


def document(subject: str, number: int) -> Document:
    """The same one for the same number."""
    rng = random.Random(f"{subject}{number}")
    words = SUBJECTS[subject]
    title = [*rng.sample(words, 3), *rng.sample(_FILLER, 1)]
    abstract = [*rng.choices(words, k=8), *rng.choices(_FILLER, k=16)]
    rng.shuffle(abstract)
    return Document(
        key=f"{subject}-{number}",
        title=" ".join(title).title(),
        abstract=" ".join(abstract).capitalize() + ".",
        authors=(f"Ada {rng.choice(['Byron', 'Quill', 'Rook'])}", "Bo Chen"),
        categories=(rng.choice(["cs.CV", "cs.CL"]),),
    )


def some(subject: str, count: int, *, start: int = 0) -> list[Document]:
    return [document(subject, number) for number in range(start, start + count)]


def background(count: int = 30) -> list[Document]:
    """So many of each subject, mixed."""
    return [document(subject, number) for number in range(100, 100 + count) for subject in SUBJECTS]
