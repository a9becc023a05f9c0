"""Keyed hashes: what the store knows a mailbox or a person by, so that who reads the store cannot tell who it is.

HMAC-SHA256 (RFC 2104) under `web.secret`, or, without `web:`, under a random key that the store keeps. While a secret
is being changed everything is looked up under both. Nothing in here shows a secret.
"""

from __future__ import annotations

import hmac
import secrets as random
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.settings import Secret
from bot.store.database.dialect import insert
from bot.store.database.tables import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.store.database import Database

_OWN = "readers"
"""What the store's own key is called."""
_BITS_OF_A_HASH = 128
_BITS_OF_A_BOUNCE = 80
_BITS_OF_A_NAME = 32


class ReaderKeys:
    """Hashes under every secret that counts, the present one first."""

    def __init__(self, secrets: Sequence[Secret]) -> None:
        """Take the secrets; there is at least one."""
        self._secrets = tuple(secret.reveal().encode() for secret in secrets)
        self.names = tuple(_hash(secret, b"name", _BITS_OF_A_NAME) for secret in self._secrets)
        """What each secret is called, in the same order: a hash of it."""

    def suppression(self, mailbox: str) -> tuple[str, ...]:
        """What suppressions know a mailbox by; `mailbox` is its hash in hex."""
        return self._hashes(b"suppression:" + bytes.fromhex(mailbox))

    def person(self, platform: str, identity: str) -> tuple[str, ...]:
        """What feedback knows a person by: of mail the mailbox's hash, of a chat the platform's id."""
        return self._hashes(f"person:{platform}:{identity}".encode())

    def bounce(self, delivery: bytes) -> tuple[bytes, ...]:
        """What proves that we wrote a delivery's return address: 10 bytes."""
        hashes = self._hashes(b"bounce:" + delivery, _BITS_OF_A_BOUNCE)
        return tuple(map(bytes.fromhex, hashes))

    def _hashes(self, text: bytes, bits: int = _BITS_OF_A_HASH) -> tuple[str, ...]:
        return tuple(_hash(secret, text, bits) for secret in self._secrets)


def read_keys(database: Database, configured: Sequence[Secret]) -> ReaderKeys:
    """The secrets that count: those of `web.secret`, and the store's own, which is made where there is no other.

    Raises:
        StoreError: the store cannot be used.
    """
    own = _own_key(database)
    if own is None and not configured:
        with database.writing() as connection:
            made = insert(connection, keys).values(name=_OWN, value=random.token_hex(32))
            connection.execute(made.on_conflict_do_nothing())
        own = _own_key(database)
    return ReaderKeys([*configured, *([] if own is None else [own])])


def _own_key(database: Database) -> Secret | None:
    with database.reading() as connection:
        value = connection.scalar(select(keys.c.value).where(keys.c.name == _OWN))
    return None if value is None else Secret(value)


def _hash(secret: bytes, text: bytes, bits: int) -> str:
    return hmac.digest(secret, text, "sha256")[: bits // 8].hex()
