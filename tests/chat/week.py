"""A week of people who write to the bot, made up from a seed; and a model of what is to come of it.

The model knows nothing of the program: it is what the page of the chat says, in as few words of Python as it takes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.config.value_types import WEEK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.members.context import Context

OFFERED = ("birds", "light")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PAPERS = tuple(f"2604.0000{number}" for number in range(1, 8))
VERDICTS = ("more", "less", "saved")
SHOWN_TO = "lab"


@dataclass(frozen=True)
class Action:
    """What somebody does: types a line somewhere, or presses a button under a paper."""

    person: int
    place: int | None
    """A channel; None for the person's direct messages."""
    line: str = ""
    verdict: str = ""
    paper: str = ""


@dataclass(frozen=True)
class Place:
    """What a place gets."""

    topics: tuple[str, ...] = ()
    """Names of offered ones, and `title: word` of own ones."""
    muted: tuple[str, ...] = ()
    at: str = ""
    days: frozenset[str] = frozenset(DAYS)
    is_paused: bool = False


@dataclass
class Model:
    """What everybody gets, and said of papers."""

    managers: frozenset[int]
    places: dict[tuple[str, int], Place] = field(default_factory=dict)
    said: dict[tuple[int, str], str] = field(default_factory=dict)

    def do(self, action: Action) -> None:
        """What comes of an action."""
        if action.verdict:
            key = (action.person, action.paper)
            if self.said.get(key) == action.verdict:
                del self.said[key]
            else:
                self.said[key] = action.verdict
            return
        name, *rest = action.line.split()
        place = ("person", action.person) if action.place is None else ("channel", action.place)
        known = self.places.get(place)
        may = action.place is None or action.person in self.managers
        if not may or name in ("topics", "latest", "help", "why") or (known is None and name != "follow"):
            return
        if name == "unfollow" and rest == ["everything"]:
            del self.places[place]
            if action.place is None:
                self.said = {key: verdict for key, verdict in self.said.items() if key[0] != action.person}
            return
        self.places[place] = _changed(known or Place(), name, rest)


def _changed(place: Place, name: str, rest: list[str]) -> Place:
    changed = {
        "follow": lambda: replace(place, topics=_followed(place.topics, rest)),
        "unfollow": lambda: replace(place, topics=tuple(t for t in place.topics if t.split(":")[0] != rest[0])),
        "mute": lambda: replace(place, muted=tuple(dict.fromkeys((*place.muted, *rest)))),
        "unmute": lambda: replace(place, muted=tuple(word for word in place.muted if word not in rest)),
        "hour": lambda: replace(
            place,
            at="" if rest == ["any"] else rest[0],
            days=frozenset(DAYS) if rest == ["any"] else frozenset(rest[2:]) or place.days,
        ),
        "pause": lambda: replace(place, is_paused=True),
        "resume": lambda: replace(place, is_paused=False),
    }
    return changed[name]()


def _followed(topics: tuple[str, ...], rest: list[str]) -> tuple[str, ...]:
    """`birds`, or `word in cs.CV as title`, which takes the place of the one with that title."""
    new = rest[0] if len(rest) == 1 else f"{rest[-1]}: {rest[0]}"
    titles = [topic.split(":")[0] for topic in topics]
    if new in topics:
        return topics
    if (title := new.split(":")[0]) in titles:
        return tuple(new if old == title else topic for old, topic in zip(titles, topics, strict=True))
    return (*topics, new)


def state(model: Model) -> tuple[object, object]:
    """What the store should say."""
    return model.places, model.said


def stored(
    context: Context, platform: str, places: Mapping[str, tuple[str, int]], people: Mapping[str, int]
) -> tuple[object, object]:
    """What the store says, in the model's words.

    Args:
        context: the store.
        platform: slack or discord.
        places: by what is written to, the place in the model.
        people: by the platform's id, the person's number.
    """
    found, said = {}, {}
    numbers = {context.keys.person(platform, each)[0]: number for each, number in people.items()}
    with context.store.snapshot() as view:
        for member in view.members.all():
            topics = tuple(t if isinstance(t, str) else f"{t.title}: {t.keywords[0]}" for t in member.topics)
            found[places[member.destination.reveal()]] = Place(
                topics,
                member.muted,
                f"{member.at:%H:%M}" if member.at else "",
                frozenset(WEEK[day] for day in member.weekdays),
                is_paused=member.paused,
            )
        for record in view.feedback.of_subscriber(SHOWN_TO):
            said[numbers[record.person], record.identifier] = record.opinion.value
    return found, said


def actions(seed: int, count: int, *, people: int, channels: int) -> Iterator[Action]:
    """So many things that people do. With 200, six people and two channels, seed 68 has all that changes anything."""
    chance = random.Random(seed)
    for _ in range(count):
        person = chance.randrange(people)
        place = chance.choice([None, *range(channels)])
        if chance.random() < 0.3:
            yield Action(person, chance.randrange(channels), "", chance.choice(VERDICTS), chance.choice(PAPERS))
        else:
            yield Action(person, place, _line(chance))


def _line(chance: random.Random) -> str:
    number, word = chance.randrange(4), f"word{chance.randrange(30)}"
    days = " ".join(sorted(chance.sample(DAYS, chance.randint(1, 6)), key=DAYS.index))
    return chance.choice([
        f"follow {chance.choice(OFFERED)}",
        f"follow {word} in cs.CV as own{number}",
        f"follow {word} in cs.CV as own{number}",
        f"unfollow {chance.choice((*OFFERED, f'own{number}'))}",
        f"mute {word} other{number}",
        f"unmute other{number}",
        f"hour {chance.randrange(24):02}:30",
        f"hour {chance.randrange(24):02}:15 on {days}",
        "hour any",
        "pause",
        "resume",
        "topics",
        "why 2604.00002",
        "unfollow everything" if chance.random() < 0.3 else "help",
    ])  # fmt: skip
