from __future__ import annotations

from typing import TYPE_CHECKING

from bot.report import check

if TYPE_CHECKING:
    import pytest

    from tests.world import Environment


def said(environment: Environment) -> dict[str, str]:
    return {notice.setting: notice.message for notice in check.notices(environment.settings)}


async def test_an_order_that_cannot_be_learned_without_numpy_is_named(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.config["topics"]["birds"]["order"] = "learned"
    assert "topics.birds.order" not in said(environment)

    monkeypatch.setattr(check, "find_spec", lambda _: None)

    assert said(environment)["topics.birds.order"].endswith("; until then it is relevance")


async def test_a_library_that_nothing_learns_from_is_named(environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["interest"] = {"bibtex": "refs.bib"}
    assert "nothing is learned" in said(environment)["subscribers.lab.interest"]

    environment.config["topics"]["birds"]["order"] = "learned"
    assert "subscribers.lab.interest" not in said(environment)


async def test_whose_likes_are_counted_is_said_and_where_nobody_can_like_anything(environment: Environment) -> None:
    liked = {"topics": ["birds"], "digest": "liked"}
    environment.config["subscribers"] |= {
        "lab-liked": {"slack": "C0123456789", **liked},
        "nowhere": {"slack": "C0000000009", **liked},
    }
    found, counts = said(environment), "counts what is liked and saved of the papers that lab gets"
    assert found["subscribers.lab-liked.digest"].startswith(f"{counts}, and nobody can vote there")
    environment.config["subscribers"]["lab"]["reactions"] = True
    assert said(environment)["subscribers.lab-liked.digest"] == counts
    assert "there is nothing to like" in found["subscribers.nowhere.digest"]
    assert "subscribers.lab.digest" not in found
