"""A clock for the servers that tells dates."""

from __future__ import annotations

import pytest


class Moment:
    """A clock that a test moves by hand: seconds since 1970."""

    def __init__(self) -> None:
        self.seconds = 1_790_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def moment() -> Moment:
    return Moment()
