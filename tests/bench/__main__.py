"""`python -m tests.bench [SUBJECT ...]`: prints tables of what was measured in this run, on this machine."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

from tests.bench import (
    chat,
    collect,
    fleet,
    growth,
    mail,
    members,
    month,
    ranking,
    site,
    startup,
    subscribers,
    topics,
)
from tests.bench.measure import machine, say

if TYPE_CHECKING:
    from collections.abc import Callable

SUBJECTS: dict[str, Callable[[], str]] = {
    "topics": topics.run,
    "startup": startup.run,
    "collect": collect.run,
    "growth": growth.run,
    "month": month.run,
    "site": site.run,
    "subscribers": subscribers.run,
    "members": members.run,
    "ranking": ranking.run,
    "mail": mail.run,
    "chat": chat.run,
    "fleet": fleet.run,
}


def main(wanted: list[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    say(f"{machine()}\n")
    for name in wanted or SUBJECTS:
        say(SUBJECTS[name]())


if __name__ == "__main__":
    main(sys.argv[1:])
