"""Checks the form of texts that are pasted from a platform's pages: bot tokens and addresses."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from bot.settings import Secret

_QUOTED = re.compile(r"""\s*['"`“”‘’«»<].*['"`“”‘’«»>]\s*""", re.DOTALL)


def is_quoted(text: object) -> bool:
    """Whether a text has quotes around it that do not belong to it; Docker's --env-file keeps them."""
    return isinstance(text, str) and bool(_QUOTED.fullmatch(text))


def check_token(token: Secret) -> Secret:
    """Returns the token.

    Raises:
        ValueError: it cannot be a token; the message does not repeat it.
    """
    if is_quoted(token.reveal()):
        raise ValueError("a token has no quotes around it: leave them out, also in the environment or the file")
    if "://" in token.reveal():
        raise ValueError("a token is no URL: a webhook's URL is the address of a subscriber, and needs no token")
    if re.search(r"\s", token.reveal()):
        raise ValueError("a token has no white space in it: was something else copied with it?")
    return token


Token = Annotated[Secret, AfterValidator(check_token)]
"""The type of a bot token in a channel's settings."""
