"""Logistic regression of two sets of sparse vectors: the likes, and all other papers.

Pure and deterministic. Needs numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.topics.paper_space import Floats, Vectors

_LOSS_WEIGHT = 30.0
"""The weight of the loss against the regularisation (the squared weights); higher overfits a few likes."""
_STEPS = 20


def regression(wanted: Vectors, others: Vectors, size: int) -> Floats:
    """The weights of `size` features; both sets count the same, however many vectors they have.

    Uses Nesterov's accelerated gradient: the curvature is bounded from above, as the vectors have length 1, and from
    below by the regularisation, so the step size is known and 20 steps are enough (Introductory Lectures on Convex
    Optimization, 2004, section 2.2).
    """
    steepest = 1 + _LOSS_WEIGHT * 2 / 4  # its curvature is at most 1/4 of a vector's squared length, here 2
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
    """The negative gradient of each vector's loss: smaller the better it is classified already."""
    return sign / (1 + np.exp(sign * np.clip(scores, -50, 50)))
