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
"""A query's prefix, and the field of `model.Hit` that it reads. No feed brings comments: `co:` finds those
that came by OAI-PMH or the catchup page."""
NAMES = (*FIELDS, "all")
"""What may stand before a colon."""
