"""Logistic regression of likes against all else, over sparse vectors.

Pure and deterministic. Needs numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.topics.paper_space import Floats, Vectors

_LOSS_WEIGHT = 30.0
"""Against the square of the weights. More fits the likes more closely, which a few likes do not bear."""
_STEPS = 20


def regression(wanted: Vectors, others: Vectors, size: int) -> Floats:
    """The weights of so many features; both sides count the same, however many they are.

    Nesterov's accelerated gradient: vectors of length 1 and a constant bound the curvature from above, the square of
    the weights bounds it from below, so the step is known and 20 steps are enough (Introductory Lectures on Convex
    Optimization, 2004, section 2.2).
    """
    steepest = 1 + _LOSS_WEIGHT * 2 / 4  # the loss bends by at most 1/4 of a vector's squared length, here 2
    momentum = (np.sqrt(steepest) - 1) / (np.sqrt(steepest) + 1)
    sides = ((wanted, 1.0), (others, -1.0))
    weights = looked_at = np.zeros(size, np.float32)
    constant = constant_at = 0.0
    for _ in range(_STEPS):
        slope, constant_slope = looked_at.copy(), constant_at
        for side, sign in sides:
            pull = _pull(side.times(looked_at) + constant_at, sign) * (_LOSS_WEIGHT / (2 * max(1, len(side))))
            slope -= side.combined(pull.astype(np.float32), size)
            constant_slope -= float(pull.sum())
        before, constant_before = weights, constant
        weights = looked_at - slope / np.float32(steepest)
        constant = constant_at - constant_slope / steepest
        looked_at = weights + np.float32(momentum) * (weights - before)
        constant_at = constant + float(momentum) * (constant - constant_before)
    return weights


def _pull(scores: NDArray[np.float64], sign: float) -> NDArray[np.float64]:
    """Which way and how strongly each vector pulls: the less, the better its side is told already."""
    return sign / (1 + np.exp(sign * np.clip(scores, -50, 50)))
