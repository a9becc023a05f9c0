from __future__ import annotations

from math import log

from bot.topics.features import Document, features, terms
from tests.builders import paper


def test_words_are_in_the_singular_and_folded_and_pairs_skip_stop_words() -> None:
    assert terms("The Pigeons' Möbius-Maps of studies") == ["pigeon", "mobius", "map", "pigeon mobius", "mobius map"]
    assert terms("a class of cities is thus bus") == ["class", "city", "bus"]


def test_what_every_abstract_says_is_no_feature() -> None:
    assert terms("We propose a novel method that outperforms the state of the art") == []


def test_a_word_of_the_title_counts_twice() -> None:
    found = features(Document("1", title="Pigeons", abstract="Lofts, lofts, lofts and pigeons."))

    assert found["pigeon"] == 1 + log(3)
    assert found["loft"] == 1 + log(3)


def test_authors_and_categories_are_features_of_their_own() -> None:
    found = features(Document.of(paper(authors=["José Müller"], categories=["cs.CV"])))

    assert found["author:jose muller"] > found["category:cs.CV"]


def test_a_document_is_known_by_its_identifier() -> None:
    assert Document.of(paper("2604.00007")).key == "2604.00007"
