"""Latent semantic analysis: latent topics are the directions in which papers vary most.

They are not the topics that subscribers follow. Pure and deterministic. Needs numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.topics.vectors import Floats, Places, Vectors

_MOST = 150
"""The most latent topics; with few papers, one for every ten."""
_MOST_FEATURES = 5000
"""Latent topics are made of at most so many features, the most frequent ones."""
_RAREST, _COMMONEST = 6, 0.2
"""Such a feature is in at least so many papers, and in at most this share of them."""
_SHRINKAGE = 0.5
"""How far the variances of the topics are shrunk towards their mean before they are divided by."""
_OVERSAMPLED, _POWER_ITERATIONS = 20, 2
"""Parameters of the randomised SVD: Halko, Martinsson and Tropp, https://arxiv.org/abs/0909.4061, section 1.6."""


class LatentTopics:
    """Learned from the announced papers; there are none if these are few."""

    def __init__(self, announced: Vectors) -> None:
        frequent = _frequent(np.bincount(announced.columns), len(announced))
        self._place = np.full(frequent.max(initial=-1) + 1, -1)
        self._place[frequent] = np.arange(frequent.size)
        matrix = self._rows(announced)
        count = min(_MOST, len(announced) // 10, frequent.size // 4)
        self._directions = _main_directions(matrix, count) if count else np.zeros((0, frequent.size), np.float32)
        points = matrix @ self._directions.T
        self._centre = points.sum(0) / max(1, len(points))
        self._scale = _scale(np.square(points - self._centre).sum(0) / max(1, len(points)))

    def points(self, documents: Vectors) -> Floats:
        """The documents' coordinates, of about the same variance in each topic.

        Of the announced papers the mean is 0, and the mean squared length is 1.
        """
        points: Floats = (self._rows(documents) @ self._directions.T - self._centre) * self._scale
        return points

    def _rows(self, documents: Vectors) -> Floats:
        """The documents as rows of length 1."""
        matrix = documents.dense(self._place)
        length = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
        matrix /= np.where(length > 0, length, 1)[:, None]
        return matrix


def _frequent(found_in: NDArray[np.intp], count: int) -> Places:
    """The columns of the features that topics are made of, the most frequent first."""
    columns = np.flatnonzero((found_in >= _RAREST) & (found_in <= _COMMONEST * count))
    return columns[np.argsort(-found_in[columns], kind="stable")][:_MOST_FEATURES]


def _scale(variances: Floats) -> Floats:
    """The factor for each topic."""
    shrunk = variances + np.float32(_SHRINKAGE) * variances.sum() / max(1, variances.size) + np.float32(1e-9)
    scale: Floats = 1 / np.sqrt(shrunk * max((variances / shrunk).sum(), np.float32(1e-9)))
    return scale


def _main_directions(matrix: Floats, count: int) -> Floats:
    """The first right singular vectors, by a random projection with a fixed seed."""
    drawn = np.random.default_rng(0).standard_normal((matrix.shape[1], count + _OVERSAMPLED), np.float32)
    base = matrix @ drawn
    for _ in range(_POWER_ITERATIONS):
        base = _orthogonal(base)
        base = matrix @ _orthogonal(matrix.T @ base)
    _, _, directions = np.linalg.svd(_orthogonal(base).T @ matrix, full_matrices=False)
    found: Floats = directions[:count]
    return found


def _orthogonal(matrix: Floats) -> Floats:
    base: Floats = np.linalg.qr(matrix)[0]
    return base
