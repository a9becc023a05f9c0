"""What every bot's token has in common, whatever its platform."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from bot.settings import Secret


def check_token(token: Secret) -> Secret:
    """The token as it stands.

    Raises:
        ValueError: it is more or less than a token; the message does not repeat it.
    """
    if re.search(r"\s", token.reveal()):
        raise ValueError("a token has no white space in it: was something else copied with it?")
    return token


Token = Annotated[Secret, AfterValidator(check_token)]
"""A setting that is a bot's token, for the dataclass of a channel's settings."""
