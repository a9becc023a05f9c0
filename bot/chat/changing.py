"""The commands that change what a place gets, and clicks, which change in what order.

Each calls a command of `members.commands`, and returns the answer.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bot import text
from bot.chat import sentences
from bot.chat.answers import Answer, Choice, Part
from bot.chat.arguments import ANY_HOUR
from bot.chat.parse import quoted
from bot.config import value_types
from bot.members import commands
from bot.members.values import Changed, Refusal, Refused
from bot.model import Topic
from bot.store.feedback import Opinion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from bot.channels.buttons import Click
    from bot.chat.asking import Ask
    from bot.store.members import Member

    Values = Mapping[str, Any]
    Change = Callable[[str], Changed | Refused]

EVERYTHING = "everything"
"""Given instead of a topic's name: delete the whole subscription."""
_MOST_PREVIEWS = 5
_NOTED: Mapping[Opinion, str] = {
    Opinion.MORE: "More like this: noted.",
    Opinion.LESS: "Less like this: noted.",
    Opinion.SAVED: "Saved.",
}
_TAKEN_BACK: Mapping[Opinion, str] = {
    Opinion.MORE: "More like this: taken back.",
    Opinion.LESS: "Less like this: taken back.",
    Opinion.SAVED: "Not saved any more.",
}


def follow(ask: Ask, values: Values) -> Answer:
    """Follows a topic of the YAML, or a new one of the reader's own."""
    if ask.configured:
        return sentences.by_operator(ask.configured.name)
    if not values:
        return _refused(ask, Refused(Refusal.NO_TOPIC))
    offered = _offered(ask, values)
    wanted = offered or _own(ask, values)
    known = _named(ask, str(values.get("title", "")))
    zone = ask.asker.timezone or ask.context.settings.timezone.key
    if known and ask.member and not isinstance(wanted, str):
        done = commands.rewrite(ask.context, ask.member.key, known[0], wanted)
    else:
        person = ask.persons[0] if ask.asker.is_direct else None
        done = commands.follow_in(ask.context, ask.asker.place, wanted, zone, ask.now, person=person)
    return _refused(ask, done) if isinstance(done, Refused) else _followed(ask, done, known)


def _offered(ask: Ask, values: Values) -> str | None:
    """The name of the YAML's topic, if only its name or title was given."""
    if values.keys() != {"words"}:
        return None
    said = " ".join(values["words"]).casefold()
    topics = ask.context.settings.topics.values()
    return next((topic.name for topic in topics if said in (topic.name.casefold(), topic.title.casefold())), None)


def _own(ask: Ask, values: Values) -> Mapping[str, object]:
    """The reader's own topic with the YAML's keys; its categories are those of all YAML topics if none are given."""
    offered = dict.fromkeys(each for topic in ask.context.settings.topics.values() for each in topic.categories)
    wanted = {
        "keywords": values.get("words"),
        "authors": values.get("authors"),
        "exclude": values.get("exclude"),
        "query": values.get("query"),
        "categories": values.get("categories") or tuple(offered),
        "title": values.get("title"),
    }
    return {key: list(value) if isinstance(value, tuple) else value for key, value in wanted.items() if value}


def _followed(ask: Ask, done: Changed, known: tuple[str, ...]) -> Answer:
    member = done.member
    topic = next((each for each in member.topics if known and _name(each) == known[0]), member.topics[-1])
    called = sentences.title(topic, ask.context.settings.topics)
    news = "now" if done.changed else "already"
    whole = topic if isinstance(topic, Topic) else ask.context.settings.topics[topic]
    lines = (f"Looks for: {sentences.looks_for(whole)}.", _when(member))
    return Answer(
        f"{sentences.follows(ask.asker)} {called} {news}.",
        (Part(lines=lines),),
        (Choice("Undo", f"unfollow {_name(topic)}"),) if done.changed and not known else (),
        has_changed=done.changed,
        previews=(replace(whole, exclude=tuple(dict.fromkeys((*whole.exclude, *member.muted)))),),
    )


def unfollow(ask: Ask, values: Values) -> Answer:
    """Stops following a topic, or deletes the whole subscription."""
    wanted = str(values["topic"])
    if ask.member and wanted.casefold() == EVERYTHING:
        commands.delete(ask.context, ask.member.key, ask.now, ask.persons if ask.asker.is_direct else ())
        return Answer("All that was followed here is forgotten, and so is what was said of its papers.")
    known = _named(ask, wanted)
    if ask.member and not ask.configured and not known:
        titles = [sentences.title(topic, ask.context.settings.topics) for topic in ask.member.topics]
        return sentences.no(
            f"No topic {value_types.shown(wanted)} is followed{value_types.did_you_mean(wanted, titles)}."
        )
    return _change(
        ask,
        [partial(commands.unfollow, ask.context, topic=name) for name in known],
        lambda member: (f"{sentences.here(ask.asker)} no longer {_verb(ask)} {wanted}.", _still(ask, member)),
    )


def _verb(ask: Ask) -> str:
    return "follow" if ask.asker.is_direct else "follows"


def _still(ask: Ask, member: Member) -> str:
    titles = [sentences.title(topic, ask.context.settings.topics) for topic in member.topics]
    return f"Still followed: {', '.join(titles)}." if titles else "Nothing is followed here any more."


def mute(ask: Ask, values: Values) -> Answer:
    """Mutes words: papers with them are not shown."""
    change = partial(commands.mute, ask.context, terms=values["words"])
    return _change(ask, [change], _muted, with_previews=True)


def unmute(ask: Ask, values: Values) -> Answer:
    """Unmutes words."""
    change = partial(commands.unmute, ask.context, terms=values["words"])
    return _change(ask, [change], _muted, with_previews=True)


def _muted(member: Member) -> tuple[str, ...]:
    return (f"Muted now: {quoted(member.muted)}." if member.muted else "Nothing is muted now.",)


def hour(ask: Ask, values: Values) -> Answer:
    """Sets the hour, the weekdays and the time zone."""
    at = values.get("hour")
    changes: list[Change] = []
    if "zone" in values:
        changes.append(partial(commands.zone, ask.context, name=values["zone"]))
    if at is not None:
        changes.append(partial(commands.hour, ask.context, at=None if at == ANY_HOUR else at))
    if "weekdays" in values:
        changes.append(partial(commands.weekdays, ask.context, days=values["weekdays"]))
    return _change(ask, changes, lambda member: (_when(member),))


def pause(ask: Ask, values: Values) -> Answer:
    """Pauses digests, until a day or until `resume`."""
    until: date | None = values.get("until")
    if until and until <= ask.now.date():
        return sentences.no(f"until: {until} is over: a day to come is expected.")
    return _change(
        ask,
        [partial(commands.pause, ask.context, until=until)],
        lambda member: (sentences.paused(member.paused_until),),
    )


def resume(ask: Ask, values: Values) -> Answer:  # noqa: ARG001 - a command
    """Ends a pause."""
    return _change(ask, [partial(commands.resume, ask.context)], lambda member: (_when(member),))


def forget(ask: Ask, values: Values) -> Answer:  # noqa: ARG001 - a command
    """Deletes the feedback on papers shown here; also for a subscriber of the YAML."""
    if not ask.subject:
        return _refused(ask, Refused(Refusal.NO_MEMBER))
    count = commands.learn_anew(ask.context, ask.subject)
    if not count:
        return Answer("Nothing was said of papers here yet.")
    said = "One opinion on a paper shown here is" if count == 1 else f"{count} opinions on papers shown here are"
    return Answer(f"{said} forgotten. What is liked is learned anew, from what is said from now on.")


def note(ask: Ask, click: Click) -> Answer:
    """Stores an opinion; a second click with the same opinion takes it back.

    It counts for the subscriber to whom the paper was shown, and for the person's own subscriber if there is one.

    Args:
        ask: the person, the place, and the subscriber that the button names.
        click: the opinion, and the paper.
    """
    if not ask.subject:
        return sentences.not_shown_here()
    opinion = Opinion(click.wish.value)
    noted = commands.feedback(
        ask.context,
        ask.subject,
        ask.persons,
        click.identifier,
        opinion,
        place=ask.asker.platform,
        now=ask.now,
        topic=click.topic,
        also=ask.own,
    )
    said = _TAKEN_BACK[opinion] if noted is None else _NOTED[opinion]
    versions = ask.context.store.papers.versions(click.identifier)
    title = text.flatten_tex(versions[-1].title) if versions else f"arXiv:{click.identifier}"
    return Answer(said, (Part(lines=(title,)),))


def _change(
    ask: Ask,
    changes: list[Change],
    say: Callable[[Member], tuple[str, ...]],
    *,
    with_previews: bool = False,
) -> Answer:
    """Carries out all changes, or none if one is refused; returns what is in effect now."""
    if ask.configured:
        return sentences.by_operator(ask.configured.name)
    if ask.member is None:
        return _refused(ask, Refused(Refusal.NO_MEMBER))
    done = commands.all_or_none(ask.context, ask.member.key, changes)
    if isinstance(done, Refused):
        return _refused(ask, done)
    first, *rest = say(done.member)
    already = "" if done.changed or not changes else "It is so already. "
    previews = replace(ask).topics[:_MOST_PREVIEWS] if with_previews else ()  # a copy reads everything again
    parts = (Part(lines=tuple(rest)),) if rest else ()
    return Answer(f"{already}{first}", parts, has_changed=done.changed, previews=previews)


def _refused(ask: Ask, refusal: Refused) -> Answer:
    return sentences.refused(refusal, in_fields=ask.asker.has_fields)


def _named(ask: Ask, wanted: str) -> tuple[str, ...]:
    """The names of the followed topics with this name or title."""
    topics, said = ask.context.settings.topics, wanted.casefold()
    followed = ask.member.topics if ask.member else ()
    called = {_name(topic): sentences.title(topic, topics) for topic in followed}
    return tuple(name for name, title in called.items() if said in (name.casefold(), title.casefold()))


def _name(topic: str | Topic) -> str:
    return topic if isinstance(topic, str) else topic.name


def _when(member: Member) -> str:
    if member.paused:
        return sentences.paused(member.paused_until)
    return sentences.when(member.at, member.weekdays, member.timezone)
