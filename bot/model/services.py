"""The services of arXiv that are asked."""

from __future__ import annotations

from enum import StrEnum


class Service(StrEnum):
    """One of arXiv's services. Each is a separate host with its own throttling and refusals."""

    FEEDS = "rss"
    """rss.arxiv.org. After a refusal by it the other services are not asked either."""
    OAI = "oai"
    """oaipmh.arxiv.org."""
    PAGES = "catchup"
    """The catch-up pages of arxiv.org."""
