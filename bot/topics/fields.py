"""The fields of a paper that a query can name."""

from __future__ import annotations

FIELDS = {
    "ti": "title",
    "abs": "abstract",
    "au": "author",
    "cat": "category",
    "co": "comment",
    "jr": "journal_ref",
    "id": "id",
}
"""The field of `model.Hit` for each prefix of a query. Feeds have no comments, so `co:` finds only those
that came from OAI-PMH or the catch-up page."""
NAMES = (*FIELDS, "all")
"""All prefixes of a query."""
