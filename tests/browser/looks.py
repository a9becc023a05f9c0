"""What axe-core says against a page in each of its looks: light and dark, in windows of several widths."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import Page

_VIOLATIONS = "axe.run({resultTypes: ['violations']}).then((result) => result.violations)"
_FITS = "document.documentElement.scrollWidth <= innerWidth"


async def faults(
    page: Page, axe: str, *, widths: Sequence[int], ignored: Sequence[str] = ()
) -> list[tuple[str, int, str, str]]:
    """Every rule of axe's that the page breaks, and where it has to be scrolled sideways.

    The page is loaded once and shown in all looks, because loading it and axe takes longer than looking.

    Args:
        page: the page, loaded.
        axe: that script.
        widths: of the window, in pixels.
        ignored: rules that are not about such a page.

    Returns:
        For each fault the colour scheme, the width, the rule and the element.
    """
    await page.evaluate(axe)
    found = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        for width in widths:
            await page.set_viewport_size({"width": width, "height": 900})
            rules = [rule for rule in await page.evaluate(_VIOLATIONS) if rule["id"] not in ignored]
            found += [(scheme, width, rule["id"], rule["nodes"][0]["html"][:200]) for rule in rules]
            if not await page.evaluate(_FITS):
                found.append((scheme, width, "has to be scrolled sideways", "html"))
    return found
