"""Everything that the pages of one configuration need; made anew when the configuration changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.errors import RenderError
from bot.publish.assets import FOLDER, Assets
from bot.text.templates import Templates
from bot.web.files import Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.clock import Clock
    from bot.members.context import Context
    from bot.members.store_thread import StoreThreads
    from bot.settings import WebSettings
    from bot.web.page import Page

log = structlog.get_logger(__name__)

_FOLDERS = (FOLDER, "web/assets")
_BUILT_IN = Templates()


@dataclass(frozen=True)
class Served:
    """One configuration's pages. Use `make`."""

    web: WebSettings
    readers: Context
    templates: Templates
    assets: Assets
    files: Files
    clock: Clock
    wake: Callable[[], None]
    threads: StoreThreads
    """The threads in which page functions run; they are kept when the configuration changes."""

    @classmethod
    def make(
        cls,
        readers: Context,
        templates: Templates,
        clock: Clock,
        wake: Callable[[], None],
        threads: StoreThreads,
    ) -> Served:
        """The pages over an open store.

        Args:
            readers: the store and the configuration, which has `web:`.
            templates: the operator's own override ours.
            clock: tells the time.
            wake: called when a reader changed something, so that the daemon runs at once.
            threads: where page functions run.
        """
        web, site = readers.settings.web, readers.settings.site
        if web is None:
            raise ValueError("without `web:` there are no pages")
        assets = Assets.find(templates, folders=_FOLDERS)
        folder: Path | None = site.dir if site and web.site else None
        return cls(web, readers, templates, assets, Files(assets.files, folder), clock, wake, threads)

    def render(self, page: Page, *, root: str) -> str:
        """Renders the page as HTML; with the built-in template if the operator's own is broken.

        Args:
            page: what the page function returned.
            root: the relative path from the page to the top: empty or `../`.
        """
        assets = {name: root + path for name, path in self.assets.names.items()}
        name = f"web/{page.template}.html.j2"
        values = {**page.values, "root": root, "assets": assets, "has_site": self.web.site}
        try:
            return self.templates.render(name, **values)
        except RenderError as error:
            if self.templates.folder is None:
                raise
            log.warning("template failed", template=error.template, reason=error.reason, line=error.line)
            return _BUILT_IN.render(name, **values)
