"""Several processes on one store: what they compose and deliver together, beside one."""

from __future__ import annotations

from tests.bench import compose_scale, deliver_scale


def run() -> str:
    """The tables."""
    return f"{compose_scale.run()}\n{deliver_scale.run()}"
