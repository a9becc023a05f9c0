"""Keyed hashes in place of mailboxes and persons, so that nobody who reads the store can tell who they are.

HMAC-SHA256 (RFC 2104) with a key that is derived from `web.secret`, or, without `web:`, with a random key. The store
keeps every key that was ever used, so that a suppression is found even after the setting has changed. Such a key
cannot sign a link, and the secret cannot be computed from it (it is extracted as in
https://www.rfc-editor.org/rfc/rfc5869#section-2.2). Nothing in here shows a secret or a key.
"""

from __future__ import annotations

import hmac
import secrets as random
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.database.dialect import insert
from bot.store.database.tables import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings import Secret
    from bot.store.database import Database

_OWN = "readers"
"""The name of the store's own key."""
_BITS_OF_A_HASH = 128
_BITS_OF_A_BOUNCE = 80
_BITS_OF_A_NAME = 32
_BYTES_OF_A_KEY = 32


class ReaderKeys:
    """Hashes under every key in use, the current one first."""

    def __init__(self, keys: Sequence[bytes], former_secrets: int = 0) -> None:
        """Take the keys, at least one, and how many of them belong to secrets that are no longer configured."""
        self._keys = tuple(keys)
        self.former_secrets = former_secrets
        self.names = tuple(map(_name, self._keys))
        """A name for each key, in the same order: a hash of it."""

    def suppression(self, mailbox: str) -> tuple[str, ...]:
        """The keys of a mailbox in the suppressions; `mailbox` is its hash in hex."""
        return self._hashes(b"suppression:" + bytes.fromhex(mailbox))

    def person(self, platform: str, identity: str) -> tuple[str, ...]:
        """The keys of a person in the feedback; `identity` is the mailbox's hash, or the platform's id of them."""
        return self._hashes(f"person:{platform}:{identity}".encode())

    def bounce(self, delivery: bytes) -> tuple[bytes, ...]:
        """Signatures of a delivery's return address, which prove that we wrote it; 10 bytes each."""
        hashes = self._hashes(b"bounce:" + delivery, _BITS_OF_A_BOUNCE)
        return tuple(map(bytes.fromhex, hashes))

    def _hashes(self, text: bytes, bits: int = _BITS_OF_A_HASH) -> tuple[str, ...]:
        return tuple(_hash(key, text, bits) for key in self._keys)


def read_keys(database: Database, configured: Sequence[Secret]) -> ReaderKeys:
    """The keys in use: those of `web.secret` first, then all others that the store ever used.

    Raises:
        StoreError: the store cannot be used.
    """
    present = tuple(map(_derived, configured))
    known = _known(database)
    missing = {_name(key): key for key in present if key not in known.values()}
    if not (known or missing):
        missing = {_OWN: random.token_bytes(_BYTES_OF_A_KEY)}
    if missing:
        rows = [{"name": name, "value": key.hex()} for name, key in missing.items()]
        with database.writing() as connection:
            connection.execute(insert(connection, keys).on_conflict_do_nothing(), rows)
        known = _known(database)
    former = [key for name, key in known.items() if name != _OWN and key not in present]
    return ReaderKeys(tuple(dict.fromkeys((*present, *known.values()))), len(former))


def _known(database: Database) -> dict[str, bytes]:
    """Those that the store has, by name."""
    rows = database.read_rows(select(keys).order_by(keys.c.name))
    return {row.name: bytes.fromhex(row.value) for row in rows}


def _derived(secret: Secret) -> bytes:
    return hmac.digest(secret.reveal().encode(), b"readers", "sha256")


def _name(key: bytes) -> str:
    return _hash(key, b"name", _BITS_OF_A_NAME)


def _hash(key: bytes, text: bytes, bits: int) -> str:
    return hmac.digest(key, text, "sha256")[: bits // 8].hex()
