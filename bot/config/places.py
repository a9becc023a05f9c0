"""The places in the file and their models: which keys stand at a place, and what to write where one is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.config.field_types import Advice
from bot.config.models import (
    ArxivSection,
    ChatSection,
    ComposeSection,
    DiscordChatSection,
    SiteSection,
    SlackChatSection,
    SubscriberSection,
    TopicSection,
    WebSection,
    WholeFile,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic.fields import FieldInfo

    from bot.config.models import Section

_SECTIONS: Mapping[str, type[Section]] = {
    "arxiv": ArxivSection,
    "topics": TopicSection,
    "subscribers": SubscriberSection,
    "site": SiteSection,
    "web": WebSection,
    "chat": ChatSection,
    "chat.slack": SlackChatSection,
    "chat.discord": DiscordChatSection,
    "compose": ComposeSection,
}
"""The model of each place in the file; `topics` and `subscribers` have many entries of the same model."""


def fields_at(place: Sequence[str | int]) -> Mapping[str, FieldInfo]:
    """The fields of the model for this place in the file."""
    if not place:
        return WholeFile.model_fields
    inner = _SECTIONS.get(".".join(map(str, place)))
    return (inner or _SECTIONS[str(place[0])]).model_fields


def advice_at(place: Sequence[str | int]) -> str:
    """What to write at a place where a setting is missing, as the end of a sentence."""
    metadata = fields_at(place[:-1])[str(place[-1])].metadata
    return "".join(f": {advice.text}" for advice in metadata if isinstance(advice, Advice))
