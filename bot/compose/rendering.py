"""Renders a planned digest into a channel's messages; with the built-in templates where the user's own are broken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import RenderError
from bot.model import Note
from bot.settings import WhenEmpty
from bot.store.outbox import RenderedDigest

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.channels.channel import Channel
    from bot.compose.digests import DigestPlan
    from bot.model import Message
    from bot.settings import Subscriber


def render(
    subscriber: Subscriber, plan: DigestPlan, channel: Channel, fallback: Channel | None
) -> tuple[RenderedDigest | None, str]:
    """The rendered digest or note, None if there is nothing to say; and what was wrong with the user's templates.

    Args:
        subscriber: says how it wants to read.
        plan: what it is told.
        channel: with the user's own templates, if there are any.
        fallback: the same channel with the built-in templates, where the user has own ones.

    Raises:
        RenderError: the built-in templates fail too, or there are no others.
    """
    if plan.digest:
        digest = plan.digest
        messages, template_error = _render_or_fall_back(
            channel,
            fallback,
            lambda channel: channel.render(
                digest, max_messages=subscriber.max_messages, options=subscriber.options, full=subscriber.full
            ),
        )
        shown = {identifier for message in messages for identifier in message.papers}
        papers = tuple(replace(paper, shown=paper.identifier in shown) for paper in plan.papers)
        titles = " · ".join(section.title for section in digest.sections)
        return RenderedDigest(subscriber.channel, titles, messages, papers), template_error
    note = plan.silence
    if note and subscriber.when_empty is WhenEmpty.SAY:
        messages, template_error = _render_or_fall_back(
            channel, fallback, lambda channel: (channel.render_note(note),)
        )
        return RenderedDigest(subscriber.channel, note.title, messages), template_error
    return None, ""


def _render_or_fall_back(
    channel: Channel, fallback: Channel | None, render: Callable[[Channel], tuple[Message, ...]]
) -> tuple[tuple[Message, ...], str]:
    """What the channel renders; where the user's templates are broken, the built-in ones' and a note about it."""
    try:
        return _rendered(channel, render), ""
    except RenderError as error:
        if fallback is None:
            raise
        note = Note(
            title="A template of your own is broken",
            text=f"{error}\nThe built-in one was used for this digest.",
        )
        return (*_rendered(fallback, render), fallback.render_note(note)), str(error)


def _rendered(channel: Channel, render: Callable[[Channel], tuple[Message, ...]]) -> tuple[Message, ...]:
    """Renders; a bug of ours counts as a broken template, because it must not stop other subscribers either.

    Raises:
        RenderError: the rendering failed.
    """
    try:
        return render(channel)
    except RenderError:
        raise
    except Exception as error:
        raise RenderError(type(channel).__name__, f"internal error: {type(error).__name__}: {error}") from error
