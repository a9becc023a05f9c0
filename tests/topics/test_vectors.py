from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.topics import vectors
from bot.topics.vectors import ByColumn, Vectors, at, products

SPARSE = st.lists(st.dictionaries(st.integers(0, 12), st.floats(-4, 4, width=32), max_size=6), min_size=0, max_size=9)


def made(documents: list[dict[int, float]]) -> Vectors:
    rows = [row for row, document in enumerate(documents) for _ in document]
    columns = [column for document in documents for column in document]
    values = [value for document in documents for value in document.values()]
    return Vectors(np.array(rows, np.intp), np.array(columns, np.int32), np.array(values, np.float32), len(documents))


@settings(deadline=None)
@given(SPARSE, SPARSE, st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from([1, 2, 256]))
def test_products_are_scalar_products_whichever_features_count_as_common(
    one: list[dict[int, float]], other: list[dict[int, float]], common: float, block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "_COMMON", common)
        patch.setattr(vectors, "_BLOCK", block)
        found = products(made(one), made(other))

    assert found.shape == (len(one), len(other))
    for (row, mine), (column, theirs) in product(enumerate(one), enumerate(other)):
        expected = sum(value * theirs.get(feature, 0) for feature, value in mine.items())
        assert found[row, column] == pytest.approx(expected, abs=1e-3)


@given(SPARSE, st.data())
def test_some_documents_are_taken_in_the_order_asked_for(
    documents: list[dict[int, float]], data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.integers(0, len(documents) - 1))) if documents else []

    some, expected = made(documents).some(np.array(places, np.intp)), made([documents[place] for place in places])

    assert len(some) == len(expected)
    assert some.rows.tolist() == expected.rows.tolist()
    assert some.columns.tolist() == expected.columns.tolist()
    assert some.values.tolist() == expected.values.tolist()


def test_a_feature_s_documents_are_found_by_its_column() -> None:
    documents = ByColumn.of(made([{1: 2.0, 3: 1.0}, {3: 4.0}, {}]))

    assert documents.weighted(np.array([3, 1, 99], np.int32), np.array([1, 10, 5], np.float32)).tolist() == [21, 4, 0]


def test_behind_a_table_s_end_stands_what_is_said_to_stand_there() -> None:
    assert at(np.array([1.0, 2.0]), np.array([1, 0, 5], np.int32), 7).tolist() == [2, 1, 7]
