from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.topics.term_forms import NormalisedText, TermPattern


def holds(text: str, term: str, *, prefix: bool = False) -> bool:
    words, wanted = NormalisedText.read(text), TermPattern.read(term, prefix=prefix)
    places = [at for at in range(len(words.text)) if words.text.startswith(wanted.stem, at)] if wanted.stem else []
    return any(wanted.matches_at(at, words) for at in places)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GP", "GPs"),
        ("VLM", "VLMs"),
        ("GAN", "GANs"),
        ("AI", "AIs"),
        ("GPU", "GPUs"),
        ("3DGS", "3dgs"),
        ("GPS", "gps"),
        ("network", "networks"),
        ("class", "classes"),
        ("bus", "buses"),
        ("box", "boxes"),
        ("case", "cases"),
        ("bias", "biases"),
        ("hypothesis", "Hypothesis"),
        ("Gaussian process", "Gaussian Processes"),
        ("GPS receiver", "GPS receivers"),
        ("LiDAR", "LiDARs"),
        ("LIDAR", "lidars"),
    ],
)
def test_these_are_the_same_in_both_directions(one: str, other: str) -> None:
    assert holds(f"On {other}, and more", one)
    assert holds(f"On {one}, and more", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GAS", "GA"),
        ("GPS", "GP"),
        ("DES", "DE"),
        ("DES", "D"),
        ("AES", "A"),
        ("AES", "AE"),
        ("SOS", "SO"),
        ("IOS", "IO"),
        ("GPS", "gp"),
        ("gas", "GA"),
        ("its", "IT"),
        ("is", "I"),
        ("US", "U"),
        ("US", "uses"),
        ("AG", "ages"),
        ("class", "clas"),
        ("less", "les"),
        ("campus", "campu"),
        ("analysis", "analysi"),
        ("bias", "bia"),
        ("news", "new"),
        ("BOXES", "BOX"),
        ("visions language", "vision language"),
    ],
)
def test_these_are_not_the_same_in_either_direction(one: str, other: str) -> None:
    assert not holds(f"On {other}, and more", one)
    assert not holds(f"On {one}, and more", other)


def test_a_title_all_in_capitals_knows_no_acronyms() -> None:
    assert holds("LARGE LANGUAGE MODELS FOR PIGEONS", "language model")
    assert holds("ON THE BIAS OF BOXES", "box")
    assert not holds("ON THE NEWS OF NEWS", "new")
    assert not holds("GPS ON", "GP")


def test_an_acronym_has_no_plural_in_es() -> None:
    assert not holds("In many cases", "CAS")
    assert not holds("In some doses", "DOS")


def test_every_place_in_the_text_counts() -> None:
    assert holds("A GPS made of GPs", "GP")
    assert not holds("A GPS made of GPS", "GP")
    assert holds("as AS a bird", "as a")


def test_what_is_invisible_changes_no_word() -> None:
    assert holds("V\u200bL\u00adM\u2060", "VLM")
    assert holds("VLM", "\ufeffVL\u200dM")
    assert holds("GPS\x00 and GP\x00s and GPs", "GP")


def test_the_beginning_of_a_word_is_found_whatever_follows() -> None:
    assert holds("An ELECTROLYTE", "electro", prefix=True)
    assert not holds("Photoelectrons", "electro", prefix=True)


def test_a_term_without_words_is_never_found() -> None:
    assert not holds("- –", "-")
    assert not holds("", "")


@given(st.text("abs", min_size=3), st.sampled_from(["s", "es"]))
def test_a_plural_is_equal_from_both_sides(word: str, ending: str) -> None:
    regular = ending == "es" or not word.endswith("s")
    assert holds(f"A {word}{ending}", word) is regular
    assert holds(f"A {word}", word + ending) is regular


@given(st.text("ab", min_size=1, max_size=4), st.lists(st.text("abs", min_size=1, max_size=5)))
def test_words_are_found_as_whole_words_only(term: str, words: list[str]) -> None:
    def equal(one: str, other: str) -> bool:
        return one == other or any(
            len(short) >= 3 and long == short + ending and not long.endswith("ss")
            for short, long in permutations((one, other))
            for ending in ("s", "es")
        )

    assert holds(", ".join(words), term) is any(equal(term, word) for word in words)


@given(st.lists(st.text("abc", min_size=3, max_size=4), min_size=2, max_size=4), st.integers(0, 2))
def test_words_are_one_however_they_are_joined(words: list[str], by: int) -> None:
    joined = [separator.join(words) for separator in ("", "-", " ")]
    assert all(holds(f"A {text}, too", joined[by]) for text in joined)
    assert not any(holds(f"A {text}d", joined[by]) for text in joined)
