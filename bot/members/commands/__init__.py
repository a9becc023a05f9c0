"""The commands of readers. Each is a function with one transaction; repeating it changes nothing more.

A refusal is a value (`values.Refused`); an exception is raised only if the store cannot be used.
"""

from bot.members.commands.chatting import carry_out_once, follow_in
from bot.members.commands.feedback import feedback, learn_anew, said, saved
from bot.members.commands.preferences import (
    all_or_none,
    follow,
    hour,
    mute,
    pause,
    resume,
    rewrite,
    unfollow,
    unmute,
    weekdays,
    zone,
)
from bot.members.commands.reactions import note_reactions
from bot.members.commands.signup import confirm, delete, forget, subscribe
from bot.members.commands.suppressing import bounced, complained, count_being_sent, lift, resubscribe, unsubscribe

__all__ = [
    "all_or_none",
    "bounced",
    "carry_out_once",
    "complained",
    "confirm",
    "count_being_sent",
    "delete",
    "feedback",
    "follow",
    "follow_in",
    "forget",
    "hour",
    "learn_anew",
    "lift",
    "mute",
    "note_reactions",
    "pause",
    "resubscribe",
    "resume",
    "rewrite",
    "said",
    "saved",
    "subscribe",
    "unfollow",
    "unmute",
    "unsubscribe",
    "weekdays",
    "zone",
]
