"""Several processes on one PostgreSQL: what they deliver together, beside one."""

from __future__ import annotations

from tests.bench import deliver_scale


def run() -> str:
    """The tables."""
    return deliver_scale.run()
