"""The best of the week at once: by rank over all its days, not one day after the other."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.builders import paper
from tests.world import MONDAY, Environment, morning

if TYPE_CHECKING:
    from bot.model import Digest

TITLES = ("Owls, and pigeons at last", "A pigeon in the title", "On maps", "A second pigeon")


async def digest_of_the_week(environment: Environment) -> Digest:
    environment.config["topics"]["birds"]["keywords"] = ["pigeon", "maps"]
    for day, title in enumerate(TITLES):
        abstract = "Of pigeons and maps." if day == 1 else "Of pigeons." if day == 2 else "Nothing."
        environment.announce(MONDAY + timedelta(days=day), paper(f"2604.0000{day}", title=title, abstract=abstract))
        await environment.once(morning(MONDAY + timedelta(days=day)))
    async with environment.app() as app:
        found: Digest | None = app.composer(app.settings).preview(
            app.settings.subscribers["lab"], morning(MONDAY + timedelta(days=4), 12), as_newcomer=False
        )
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("wishes", "order"),
    [
        ({"at": "09:00", "on": ["fri"]}, [2, 1, 3, 0]),
        ({"digest": "weekly"}, [2, 1, 3, 0]),
        ({"at": "09:00", "on": ["thu", "fri"]}, [3, 2, 1, 0]),
    ],
)
async def test_on_one_weekday_the_best_of_all_days_come_first(
    environment: Environment, wishes: dict[str, object], order: list[int]
) -> None:
    environment.config["subscribers"]["lab"] |= {"timezone": "UTC", **wishes}
    digest = await digest_of_the_week(environment)
    (section,) = digest.sections
    assert [int(entry.paper.identifier[-1]) for entry in section.entries] == order
    assert digest.across_days == (order[0] == 2)
    assert len(digest.mailing_dates) == 4
