"""Security and cache headers of every answer. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import WebSettings

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Our pages' policy (https://www.w3.org/TR/CSP3/): nothing from other sites, no inline script, no frames."""
SITE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the site's pages, which is also in the pages themselves."""
CACHE_IMMUTABLE = "public, max-age=31536000, immutable"
CACHE_REVALIDATE = "no-cache"


def headers(
    web: WebSettings, *, has_token: bool = False, policy: str = PAGE_POLICY, cache: str = "no-store"
) -> dict[str, str]:
    """The headers of an answer.

    Args:
        web: its `url` tells whether readers use https.
        has_token: whether the URL is a reader's own link, which search engines must not list.
        policy: the Content-Security-Policy.
        cache: the Cache-Control.
    """
    found = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": cache,
        "Server": "Paperboy",
    }
    if web.url.startswith("https://"):
        found["Strict-Transport-Security"] = "max-age=31536000"
    if has_token:
        found["X-Robots-Tag"] = "noindex, nofollow"
    return found
