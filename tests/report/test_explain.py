"""Explain: every paper has a story. Law 7: silence is explained."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.model import DeliveryState, FeedItem
from tests.builders import paper
from tests.compose.test_learned import BREAD, learning, told, vote
from tests.world import CROSS, MONDAY, REPLACE, REPLACE_CROSS, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from bot.report.explain import Explanation


async def explain(environment: Environment, identifier: str = "2604.00001") -> Explanation:
    async with environment.app() as app:
        found: Explanation = app.reporter.explain(identifier, app.matcher)
        return found


async def test_a_told_paper_names_its_term_field_digest_and_state(environment: Environment) -> None:
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    found = await explain(environment)
    assert (found.title, len(found.announcements)) == ("Pigeons Read Maps", 1)
    (explanation,) = found.subscribers
    assert explanation.topics[0].sentence == (
        "claimed: 'pigeon' in title and abstract; ranked by: in the title: pigeon, 1 term, new"
    )
    (told,) = explanation.told
    assert (told.version, told.shown, told.states) == (0, True, (DeliveryState.SENT,))


async def test_a_paper_that_never_came_in_has_no_announcements(environment: Environment) -> None:
    found = await explain(environment, "2604.99999")
    assert (found.title, found.announcements) == ("", ())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"keywords": ["walrus"]}, "no term of the topic is in it"),
        ({"exclude": ["maps"]}, "stopped by the exclusion 'maps' in its title"),
        ({"categories": ["math.NA"]}, "not announced in its categories"),
        ({"announce": ["replace"]}, "announced as new, which the topic does not ask for"),
        (
            {"keywords": [], "order": "listing"},
            "claimed: the topic takes everything in its categories; ranked by: new",
        ),
    ],
)
async def test_why_a_topic_does_or_does_not_claim_a_paper(
    environment: Environment, change: dict[str, list[str]], sentence: str
) -> None:
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    environment.config["topics"]["birds"] |= change
    assert (await explain(environment)).subscribers[0].topics[0].sentence == sentence


async def test_a_followed_author_is_named_first(environment: Environment) -> None:
    environment.config["topics"]["birds"] |= {"keywords": [], "authors": ["Ada Byron"]}
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    (topic,) = (await explain(environment)).subscribers[0].topics
    assert topic.sentence == (
        "claimed: 'Ada Byron' in author; ranked by: by Ada Byron, nothing in the title, 1 term, new"
    )


async def test_what_is_new_in_one_category_and_cross_listed_in_another_counts_as_new(
    environment: Environment,
) -> None:
    environment.config["topics"]["birds"] |= {"categories": ["cs.CV", "cs.LG"], "announce": ["cross"]}
    environment.announce(TUESDAY, paper())
    environment.announce(TUESDAY, FeedItem(paper(), CROSS), category="cs.LG")
    await environment.once(morning(TUESDAY))
    (explanation,) = (await explain(environment)).subscribers
    assert [topic.sentence for topic in explanation.topics] == ["announced as new, which the topic does not ask for"]
    assert explanation.told == ()


async def test_why_a_claimed_paper_was_not_told_is_said(environment: Environment) -> None:
    environment.config["subscribers"] |= {
        "later": {"slack": "C0000000001", "topics": ["birds"], "at": "17:00"},
        "away": {"slack": "C0000000002", "topics": ["birds"], "paused": True},
    }
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    environment.config["subscribers"]["new"] = {"slack": "C0000000003", "topics": ["birds"]}
    explanations = {
        explanation.subscriber: explanation.why_not for explanation in (await explain(environment)).subscribers
    }
    assert explanations == {
        "lab": "",
        "later": "waits for its hour",
        "away": "waits: the subscriber is paused",
        "new": "waits for the next run",
    }
    environment.announce(WEDNESDAY, paper("2604.00002"))
    await environment.once(morning(WEDNESDAY), no_deliver=True)
    environment.config["subscribers"]["newer"] = {"slack": "C0000000004", "topics": ["birds"]}
    before = {explanation.subscriber: explanation.why_not for explanation in (await explain(environment)).subscribers}
    assert before["newer"] == "announced before the subscriber, or its topic as it is now, was there"


async def test_a_paper_told_by_an_earlier_version_is_explained_by_it(environment: Environment) -> None:
    environment.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["wed"]}
    environment.announce(MONDAY, paper(title="Pigeons", abstract="Pigeons."))
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, FeedItem(paper(title="Doves", abstract="Doves.", version=2), REPLACE))
    await environment.once(morning(TUESDAY))
    await environment.once(morning(WEDNESDAY))
    (explanation,) = (await explain(environment)).subscribers
    assert explanation.topics[0].sentence.startswith("claimed: 'pigeon' in title")
    assert [told.version for told in explanation.told] == [0, 2]


async def test_what_was_told_beyond_the_limit_and_as_replaced_is_said(environment: Environment) -> None:
    environment.config["topics"]["birds"] |= {"limit": 1, "announce": ["new", "cross", "replace"]}
    environment.announce(MONDAY, paper("2604.00001"), FeedItem(paper("2604.00002"), CROSS))
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, FeedItem(paper("2604.00002", version=2), REPLACE))
    await environment.once(morning(TUESDAY))
    (explanation,) = (await explain(environment, "2604.00002")).subscribers
    assert [(told.version, told.shown) for told in explanation.told] == [(0, False), (2, True)]


async def test_each_telling_ranks_by_what_it_told(environment: Environment) -> None:
    environment.config["topics"]["birds"] |= {"keywords": ["pigeon", "map"], "announce": ["new", "replace"]}
    environment.announce(MONDAY, paper(title="Pigeons Read Maps", abstract="Short."))
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, FeedItem(paper(title="Birds", abstract="Of a pigeon.", version=2), REPLACE))
    await environment.once(morning(TUESDAY))
    (explanation,) = (await explain(environment)).subscribers
    assert [topic.sentence for topic in explanation.topics] == [
        ("claimed on 2026-04-20: 'pigeon' and 'map' in title; ranked by: in the title: pigeon and map, 2 terms, new"),
        "claimed on 2026-04-21: 'pigeon' in abstract; ranked by: nothing in the title, 1 term, replace",
    ]


async def test_a_version_that_was_not_asked_for_is_no_reason(environment: Environment) -> None:
    environment.config["topics"]["birds"] = {"title": "Birds", "categories": ["cs.CV"], "query": "NOT ti:owl"}
    environment.announce(MONDAY, paper(title="Pigeon Maps and Owls"))
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, FeedItem(paper(title="Frog Maps", version=2), REPLACE))
    await environment.once(morning(TUESDAY))
    (explanation,) = (await explain(environment)).subscribers
    assert [(topic.claimed, topic.sentence) for topic in explanation.topics] == [
        (False, "its query does not hold: it rules out ti:owl")
    ]
    assert explanation.why_not == ""


@pytest.mark.parametrize(
    ("query", "failed"),
    [
        pytest.param('ti:pigeon AND abs:"visual grounding"', 'no abs:"visual grounding"', id="one of two"),
        pytest.param(
            "ti:pigeon AND (abs:owl OR abs:walrus)", "nothing of abs:owl OR abs:walrus", id="no alternative"
        ),
        pytest.param("ti:pigeon ANDNOT (abs:x OR ti:maps)", "it rules out abs:x OR ti:maps", id="ruled out"),
        pytest.param("ti:owl AND pigeon AND cat:cs.CL", "no ti:owl; no cat:cs.CL", id="two of three"),
        pytest.param(
            " OR ".join(f"ti:walrus{n}" for n in range(99)), f"nothing of {'ti:walrus0 OR '[:-1]}", id="a long one"
        ),
    ],
)
async def test_which_part_of_a_query_failed_is_named_as_the_query_spells_it(
    environment: Environment, query: str, failed: str
) -> None:
    environment.config["topics"]["birds"] = {"title": "Birds", "categories": ["cs.CV"], "query": query}
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    (topic,) = (await explain(environment)).subscribers[0].topics
    assert topic.sentence.startswith(f"its query does not hold: {failed}")
    assert len(topic.sentence) < 250


async def test_each_term_is_named_once_with_the_fields_in_which_it_stands(environment: Environment) -> None:
    environment.config["topics"]["birds"] |= {"keywords": ["pigeon", "map", "short"], "authors": ["Ada Byron"]}
    environment.announce(TUESDAY, paper(abstract="A short text of a pigeon and its map."))
    await environment.once(morning(TUESDAY))
    (topic,) = (await explain(environment)).subscribers[0].topics
    claimed, _, _ = topic.sentence.partition("; ")
    assert claimed == (
        "claimed: 'pigeon' and 'map' in title and abstract, 'short' in abstract, 'Ada Byron' in author"
    )


async def test_what_is_claimed_because_nothing_is_in_it_is_said_so(environment: Environment) -> None:
    environment.config["topics"]["birds"] = {"title": "Birds", "categories": ["cs.CV"], "query": "NOT ti:owl"}
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    (topic,) = (await explain(environment)).subscribers[0].topics
    assert topic.sentence.startswith("claimed: nothing that its query rules out; ranked by: nothing in the title, ")


async def test_an_exclusion_that_stopped_nothing_is_not_the_reason(environment: Environment) -> None:
    environment.config["topics"]["birds"] |= {"keywords": ["walrus"], "exclude": ["maps"]}
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    (topic,) = (await explain(environment)).subscribers[0].topics
    assert topic.sentence == "no term of the topic is in it"


async def test_without_a_subscriber_the_sites_topics_have_their_stories(environment: Environment) -> None:
    environment.config["subscribers"] = {}
    environment.config["site"] = {"dir": "site", "topics": ["birds"]}
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    found = await explain(environment)
    assert found.subscribers == ()
    assert [topic.sentence for topic in found.site] == [
        "claimed: 'pigeon' in title and abstract; ranked by: in the title: pigeon, 1 term, new"
    ]


async def test_a_later_version_that_is_excluded_stops_what_was_waiting_for_one_digest(
    environment: Environment,
) -> None:
    environment.config["topics"]["birds"] |= {"exclude": ["walrus"]}
    environment.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["wed"]}
    await environment.once(morning(MONDAY, 2))
    environment.announce(MONDAY, paper())
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, FeedItem(paper(title="Pigeons and a Walrus", version=2), REPLACE))
    await environment.once(morning(TUESDAY))
    await environment.once(morning(WEDNESDAY))
    (explanation,) = (await explain(environment)).subscribers
    assert explanation.told == ()
    together, _, why = explanation.why_not.partition(": ")
    assert together == "its mailings were told together, and by then"
    assert why == "its version 2 is stopped by the exclusion 'walrus' in its title"


async def test_what_one_digest_told_of_several_mailings_is_explained_by_all_of_them(environment: Environment) -> None:
    environment.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["wed"]}
    environment.announce(MONDAY, paper(title="Doves", abstract="Doves."))
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, FeedItem(paper(title="Pigeons", abstract="Pigeons.", version=2), REPLACE))
    await environment.once(morning(TUESDAY))
    await environment.once(morning(WEDNESDAY))
    (explanation,) = (await explain(environment)).subscribers
    assert [told.version for told in explanation.told] == [0, 2]
    (topic,) = explanation.topics
    assert topic.sentence.startswith("claimed: 'pigeon' in title and abstract; ranked by: ")


async def test_a_replacement_that_nobody_asked_for_is_nothing_to_wait_for(environment: Environment) -> None:
    environment.announce(MONDAY, paper())
    await environment.once(morning(MONDAY), no_deliver=True)
    environment.announce(TUESDAY, paper("2604.00002"))
    await environment.once(morning(TUESDAY), no_deliver=True)
    await environment.once(morning(TUESDAY, 7))
    environment.announce(WEDNESDAY, FeedItem(paper(version=2), REPLACE))
    await environment.once(morning(WEDNESDAY), no_deliver=True)
    for paused in (False, True):
        environment.config["subscribers"]["lab"]["paused"] = paused
        (explanation,) = (await explain(environment)).subscribers
        assert explanation.why_not == "announced before the subscriber, or its topic as it is now, was there"


async def test_the_type_that_is_named_is_the_one_that_is_not_asked_for(environment: Environment) -> None:
    environment.config["topics"]["birds"] |= {"categories": ["cs.CV", "cs.LG"], "announce": ["new", "replace-cross"]}
    environment.announce(MONDAY, paper(title="Doves", abstract="Of doves."))
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, FeedItem(paper(version=2), REPLACE))
    environment.announce(TUESDAY, FeedItem(paper(version=2), REPLACE_CROSS), category="cs.LG")
    await environment.once(morning(TUESDAY))
    (topic,) = (await explain(environment)).subscribers[0].topics
    assert topic.sentence == "announced as replace, which the topic does not ask for"


async def test_what_was_taken_back_for_another_channel_waits_again(environment: Environment) -> None:
    environment.announce(MONDAY, paper())
    environment.clock.set(morning(MONDAY))
    async with environment.app() as app:
        await app.runner.collect()
        await app.runner.compose()
    environment.config["subscribers"]["lab"] = {"mail": "lab@example.org", "topics": ["birds"], "at": "17:00"}
    await environment.once(morning(MONDAY, 7))
    (explanation,) = (await explain(environment)).subscribers
    assert [told.states for told in explanation.told] == [(DeliveryState.WITHDRAWN,)]
    assert explanation.why_not == "waits for its hour"


# -- an order that was learned -------------------------------------------------------------------------------------


async def sentences(environment: Environment, identifier: str) -> list[str]:
    found = await explain(environment, identifier)
    return [topic.sentence for each in found.subscribers for topic in each.topics]


async def test_explain_says_the_place_the_score_s_parts_and_the_nearest_like(environment: Environment) -> None:
    await learning(environment, *map(vote, BREAD[:4]))
    best = (await told(environment))[0]

    _, said = await sentences(environment, best.paper.identifier)

    assert "learned from 4 likes and 0 dislikes: place 1 of 18 on 2026-04-21, score " in said
    found = re.search(r"score (\d\.\d\d) \(likes ([+-]\d\.\d\d)\)", said)
    assert found is not None
    assert float(found[1]) == float(found[2]) > 0
    assert said.endswith(best.reason)


async def test_explain_says_nothing_of_an_order_that_is_not_learned(environment: Environment) -> None:
    await learning(environment)

    assert len(await sentences(environment, "2604.00121")) == 1
