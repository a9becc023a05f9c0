from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.errors import RenderError
from bot.text.environments import Environments

if TYPE_CHECKING:
    from pathlib import Path


def test_an_error_in_a_macro_has_the_line_in_the_macro_not_that_of_its_call(tmp_path: Path) -> None:
    template = tmp_path / "site/page.html.j2"
    template.parent.mkdir()
    template.write_text("{% macro shown(paper) %}\n{{ paper.tytle }}\n{% endmacro %}\n\n{{ shown(1) }}\n")
    with pytest.raises(RenderError, match=r"site/page\.html\.j2, line 2: .*tytle"):
        Environments(tmp_path, may_change=True).render("site/page.html.j2", {})
