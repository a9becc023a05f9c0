"""The commands: what a reader can say. Each is a function, one transaction, and the same when it is said again.

A refusal is a value (`values.Refused`); only a store that cannot be used raises.
"""

from bot.members.commands.chatting import carry_out_once, follow_in
from bot.members.commands.feedback import feedback, learn_anew, said, saved
from bot.members.commands.preferences import (
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
from bot.members.commands.signup import confirm, delete, forget, subscribe
from bot.members.commands.suppressing import bounced, complained, count_being_sent, lift, resubscribe, unsubscribe

__all__ = [
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
