"""Every command as a user types it: the answer on stdout, advice on stderr, the exit code."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from bot.members.links import unsubscribe_url
from bot.members.mailbox import mailbox_key
from bot.model import FeedItem
from bot.settings import Secret, WebSettings
from tests.builders import paper
from tests.servers.arxiv import Answer as ArxivSays
from tests.servers.slack import FaultScript
from tests.world import CROSS, MONDAY, REPLACE, SATURDAY, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal

READER = "reader@example.org"
COMMANDS = ("demo", "check", "once", "preview", "status", "explain")


@pytest.mark.parametrize("group", [(), ("deliveries",)])
async def test_sixty_columns_hold_what_each_command_is_for(
    paperboy: Terminal, monkeypatch: pytest.MonkeyPatch, group: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    answer = await paperboy.raw(*group, "--help")
    _, commands = answer.out.split("Commands:\n")
    assert max(map(len, answer.out.splitlines())) <= 60
    assert all(line.endswith(".") and not line.endswith("...") for line in commands.splitlines())


async def test_help_names_every_command(paperboy: Terminal) -> None:
    answer = await paperboy("--help")
    assert answer.code == 0
    assert [command for command in COMMANDS if command not in answer.out] == []


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_explains_itself_and_its_options(paperboy: Terminal, command: str) -> None:
    answer = await paperboy.raw(command, "--help")
    assert answer.code == 0
    assert "--log-level" in answer.out
    assert "--log-format" in answer.out
    assert ("--config" in answer.out) is (command != "demo")


# -- once --------------------------------------------------------------------------------------------------------


async def test_once_tells_what_each_verb_did_and_ends_with_0(paperboy: Terminal, environment: Environment) -> None:
    environment.config["site"] = {"dir": "site", "topics": ["birds"]}
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    answer = await paperboy("once")
    assert answer.code == 0
    assert answer.err == "collected cs.CV (1 of 1)\n"
    assert answer.out.splitlines() == [
        "Collected",
        "  cs.CV  complete  1 announced, 1 new to us",
        "Composed",
        "  lab  1 paper in 1 message",
        "Delivered",
        "  lab  C0123456789  1 sent",
        "Published",
        f"  {environment.folder}/site/birds/2026-04-21.md  1 paper",
        f"  {environment.folder}/site/index.html           index",
    ]
    again = await paperboy("once")
    assert again.out.splitlines() == [
        "Collected",
        "  cs.CV  complete already  1 announced",
        "Composed",
        "  lab  nothing new for it",
    ]


async def test_once_on_a_weekend_says_when_the_next_mailing_comes(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(SATURDAY))
    answer = await paperboy("once")
    assert answer.code == 0
    expected = "  no mailing today; the next is expected on Mon 20 Apr 2026 06:20 (Europe/Berlin)"
    assert answer.out.splitlines()[1] == expected


async def test_once_ends_with_1_while_a_mailing_is_open_and_says_why(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.arxiv.feeds["cs.CV"] = ArxivSays(b"", status=500)
    answer = await paperboy("once")
    assert answer.code == 1
    assert "cs.CV  failed" in answer.out
    assert "500" in answer.out


async def test_once_ends_with_1_while_a_delivery_stays_behind_and_the_next_run_sends_it(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    environment.slack.script.append(FaultScript(body={"ok": False, "error": "service_unavailable"}))
    answer = await paperboy("once")
    assert answer.code == 1
    assert "0 sent; the rest stays in the outbox until Tue 21 Apr 2026 08:05: " in answer.out
    assert "service_unavailable" in answer.err
    assert (await paperboy("once")).code == 0


async def test_once_names_what_it_gave_up_and_what_it_dropped(paperboy: Terminal, environment: Environment) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    environment.slack.script.extend(FaultScript(body={"ok": False, "error": "invalid_blocks"}) for _ in range(2))
    assert "1 given up: " in (await paperboy("once")).out
    environment.announce(WEDNESDAY, paper("2604.00002"))
    environment.clock.set(morning(WEDNESDAY))
    environment.slack.script.append(FaultScript(body={"ok": False, "error": "service_unavailable"}))
    await paperboy("once")
    environment.config["subscribers"] = {"other": {"slack": "C0000000009", "topics": ["birds"]}}
    assert "  lab                 1 taken back: lab is no longer in the configuration" in (await paperboy("once")).out


async def test_once_tells_of_silence_of_pauses_and_of_hours(paperboy: Terminal, environment: Environment) -> None:
    environment.config["subscribers"] = {
        "loud": {"slack": "C0000000001", "topics": ["birds"], "when_empty": "say"},
        "later": {"slack": "C0000000002", "topics": ["birds"], "at": "17:00"},
        "away": {"slack": "C0000000003", "topics": ["birds"], "paused": True},
    }
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper(title="Fish", abstract="Fish."))
    lines = (await paperboy("once")).out.splitlines()
    assert "  loud   nothing matched, and it is told so" in lines
    assert "  later  waits for its hour, Tue 21 Apr 2026 17:00" in lines
    assert "  away   paused" in lines


async def test_once_reports_unreadable_entries_broken_templates_and_a_site_in_the_way(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config |= {"templates": "mine", "site": {"dir": "site", "topics": ["birds"]}}
    (environment.folder / "mine" / "slack").mkdir(parents=True)
    (environment.folder / "mine" / "slack" / "paper.mrkdwn.j2").write_text("{{ oops", encoding="utf-8")
    (environment.folder / "site").write_text("in the way", encoding="utf-8")
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper("2604.00001"), paper("2604.00002"))
    feed = environment.arxiv.feeds["cs.CV"]
    assert isinstance(feed, bytes)
    environment.arxiv.feeds["cs.CV"] = feed.replace(b"<arxiv:announce_type>new</arxiv:announce_type>", b"", 1)
    answer = await paperboy("once")
    assert answer.code == 1
    assert "1 entry unreadable" in answer.out
    assert "its own template failed, the built-in one was used: slack/paper.mrkdwn.j2, line 1" in answer.out
    assert "the site could not be written" in answer.out


async def test_once_and_status_name_the_mailings_that_are_still_missing(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(MONDAY))
    environment.arxiv.feeds["cs.CV"] = ArxivSays(b"", status=500)
    await paperboy("once")
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    for command, code in (("once", 1), ("status", 0)):
        answer = await paperboy(command)
        assert answer.code == code
        assert "Still missing\n  cs.CV  2026-04-20  OAI-PMH: 127.0.0.1 answered 404" in answer.out


async def test_once_says_what_is_held_for_a_person_to_decide(paperboy: Terminal, environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["on_unknown"] = "hold"
    environment.slack.scopes = "chat:write"  # it may not look for its message
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    await paperboy("once")
    answer = await paperboy("once")
    assert answer.code == 1
    assert "1 held for you to decide: nobody knows whether it arrived" in answer.out


async def test_once_says_that_a_subscriber_is_paused_while_something_waits_for_it(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    environment.slack.script.append(FaultScript(body={"ok": False, "error": "service_unavailable"}))
    await paperboy("once")
    environment.config["subscribers"]["lab"]["paused"] = True
    answer = await paperboy("once")
    assert answer.out.splitlines()[-2:] == ["Delivered", "  lab  C0123456789  paused"]


async def test_a_broken_template_of_the_preview_ends_with_1_and_advice(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["templates"] = "mine"
    (environment.folder / "mine" / "slack").mkdir(parents=True)
    (environment.folder / "mine" / "slack" / "paper.mrkdwn.j2").write_text("{{ oops", encoding="utf-8")
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    await paperboy("once", "--no-deliver")
    answer = await paperboy("preview")
    assert (answer.code, answer.out) == (1, "")
    assert "slack/paper.mrkdwn.j2, line 1" in answer.err
    assert "`templates:`" in answer.err


async def test_once_with_no_deliver_collects_and_publishes_and_leaves_the_news_new(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["site"] = {"dir": "site", "topics": ["birds"]}
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    answer = await paperboy("once", "--no-deliver")
    assert "Composed" not in answer.out
    assert "Published" in answer.out
    assert environment.received()["slack"] == 0
    assert "1 paper in 1 message" in (await paperboy("once")).out


async def test_a_collector_elsewhere_is_named_and_the_rest_goes_on(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    async with environment.app() as app:
        app.store.leases.acquire("collect", environment.clock.now(), _half_an_hour())
        app.store.leases._owner = None
        with app.store._database.writing() as connection:
            connection.exec_driver_sql("UPDATE leases SET owner = 'elsewhere|boot|1|1'")
    answer = await paperboy("once")
    assert "  nothing: collect is held by process 1 on elsewhere" in answer.out.splitlines()


def _half_an_hour() -> object:
    from datetime import timedelta  # noqa: PLC0415 - one use

    return timedelta(minutes=30)


# -- errors ------------------------------------------------------------------------------------------------------


async def test_a_wrong_configuration_ends_with_2_and_names_every_place(
    paperboy: Terminal, environment: Environment
) -> None:
    path = environment.folder / "wrong.yaml"
    path.write_text("contact: x@y.example\ntopcs: {}\ntopics: {birds: {categories: [cs.CVV]}}\n", encoding="utf-8")
    answer = await paperboy.raw("once", "--config", str(path))
    assert answer.code == 2
    assert answer.out == ""
    assert "did you mean topics?" in answer.err
    assert "topics.birds.categories[0]: unknown category cs.CVV: did you mean cs.CV?" in answer.err


async def test_a_missing_configuration_ends_with_2_and_advice(paperboy: Terminal, environment: Environment) -> None:
    answer = await paperboy.raw("status", "--config", str(environment.folder / "nowhere.yaml"))
    assert answer.code == 2
    assert "nowhere.yaml" in answer.err


async def test_the_example_s_contact_is_refused_for_live_arxiv(paperboy: Terminal, environment: Environment) -> None:
    path = environment.folder / "example.yaml"
    path.write_text("contact: you@example.org\ntopics: {birds: {categories: [cs.CV]}}\n", encoding="utf-8")
    answer = await paperboy.raw("once", "--config", str(path))
    assert answer.code == 2
    assert "contact" in answer.err
    assert not (environment.folder / "paperboy.db").exists()


async def test_an_unusable_store_ends_with_3_and_advice(paperboy: Terminal, environment: Environment) -> None:
    (environment.folder / "paperboy.db").write_text("no database " * 500, encoding="utf-8")
    answer = await paperboy("status")
    assert answer.code == 3
    assert answer.out == ""
    assert "paperboy.db cannot be used" in answer.err


async def test_logs_go_to_stderr_as_json_where_that_is_asked_for(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    answer = await paperboy("once", "--log-level", "info", "--log-format", "json")
    assert '"event": "delivered"' in answer.err
    assert '"subscriber": "lab"' in answer.err


# -- preview -----------------------------------------------------------------------------------------------------


async def test_preview_shows_what_would_come_and_sends_nothing(paperboy: Terminal, environment: Environment) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    await paperboy("once", "--no-deliver")
    text = await paperboy("preview")
    assert "Pigeons Read Maps" in text.out
    assert "<html" in (await paperboy("preview", "lab", "--as", "html")).out
    assert (await paperboy("preview", "--as", "slack")).json[0]["blocks"]
    assert (await paperboy("preview", "--as", "discord")).json[0]["embeds"]
    assert environment.received() == {"slack": 0, "discord": 0, "mail": 0}


async def test_preview_shows_a_mails_headers_with_the_links_of_an_invented_reader(
    paperboy: Terminal, environment: Environment
) -> None:
    secret = "coo" * 20
    environment.config["web"] = {"url": "https://papers.example.edu", "secret": secret}
    environment.config["subscribers"] = {"alice": {"mail": "alice@example.edu", "topics": ["birds"]}}
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    await paperboy("once", "--no-deliver")
    link = unsubscribe_url(WebSettings("https://papers.example.edu", (Secret(secret),)), mailbox_key(READER))
    text = (await paperboy("preview")).out
    assert f"\nTo: {READER}\n" in text
    assert f"\nList-Unsubscribe: <{link}>, <mailto:paperboy@example.org?subject=unsubscribe%20alice>\n" in text
    assert "\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n" in text
    assert f"\n{link}\n" in text.partition("\n\n")[2]
    assert f'href="{link}"' in (await paperboy("preview", "--as", "html")).out


async def test_preview_says_when_nothing_is_new_and_shows_the_latest_on_request(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    await paperboy("once")
    nothing = await paperboy("preview")
    assert (nothing.code, nothing.out) == (0, "")
    assert "Nothing is new for lab" in nothing.err
    assert "Pigeons Read Maps" in (await paperboy("preview", "--latest")).out


async def test_preview_asks_for_a_name_where_there_are_several(paperboy: Terminal, environment: Environment) -> None:
    environment.config["subscribers"]["other"] = {"slack": "C0000000002", "topics": ["birds"]}
    answer = await paperboy("preview")
    assert answer.code == 2
    assert "lab, other" in answer.err
    assert (await paperboy("preview", "nobody")).code == 2


# -- status ------------------------------------------------------------------------------------------------------


async def test_status_tells_today_in_a_sentence_and_what_is_left(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["subscribers"]["later"] = {"slack": "C0000000002", "topics": ["birds"], "at": "17:00"}
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    environment.slack.script.append(FaultScript(body={"ok": False, "error": "service_unavailable"}))
    await paperboy("once")
    answer = await paperboy("status")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "Mailing of Tue 21 Apr 2026: 1 of 1 categories in, 1 announced"
    assert "  next mailing  Wed 22 Apr 2026 06:20 (Europe/Berlin)" in lines
    assert any("next hour Tue 21 Apr 2026 17:00" in line for line in lines)
    assert any(line.startswith("  lab  Birds  1/1  pending, 1 try: ") for line in lines)


async def test_status_tells_of_a_failed_source_of_arxiv_s_wish_and_of_what_was_given_up(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(MONDAY))
    environment.announce(MONDAY, paper())
    environment.slack.script.extend(FaultScript(body={"ok": False, "error": "invalid_blocks"}) for _ in range(2))
    await paperboy("once")
    environment.clock.set(morning(TUESDAY))
    environment.arxiv.feeds["cs.CV"] = ArxivSays(b"", status=429, headers={"Retry-After": "7200"})
    await paperboy("once")
    assert "not asked" in (await paperboy("once")).out
    out = (await paperboy("status")).out
    assert "asked us to wait until Tue 21 Apr 2026 10:00" in out
    assert "asked once" in out
    assert "Given up in the last seven days" in out


async def test_status_for_programs_is_json(paperboy: Terminal, environment: Environment) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    await paperboy("once")
    found = (await paperboy("status", "--json")).json
    assert found["mailing_date"] == "2026-04-21"
    assert found["categories"][0]["state"] == "complete"
    assert found["subscribers"][0]["last_sent"].startswith("2026-04-21T06:00")


# -- explain -----------------------------------------------------------------------------------------------------


async def test_explain_tells_what_became_of_a_paper(paperboy: Terminal, environment: Environment) -> None:
    environment.config["topics"]["fish"] = {"title": "Fish", "categories": ["cs.CV"], "keywords": ["fish"]}
    environment.config["subscribers"]["other"] = {"slack": "C0000000002", "topics": ["fish"]}
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, FeedItem(paper(), CROSS))
    await paperboy("once")
    answer = await paperboy("explain", "https://arxiv.org/abs/2604.00001v1")
    assert answer.out.splitlines() == [
        "arXiv:2604.00001: Pigeons Read Maps",
        "Announced",
        "  2026-04-21  cs.CV  cross v1",
        "Topics",
        "  birds  claimed: 'pigeon' in title and abstract; ranked by: in the title: pigeon, 1 term, cross",
        "  fish   no term of the topic is in it",
        "Subscribers",
        "  lab    told as new for birds, in the digest of Tue 21 Apr 2026 08:00: sent",
        "  other  not told",
    ]
    assert (await paperboy("explain", "2604.00001", "--json")).json["title"] == "Pigeons Read Maps"


async def test_explain_names_a_topic_once_for_all_its_subscribers_and_what_each_was_told_by(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["subscribers"]["other"] = {"slack": "C0000000002", "topics": ["birds"]}
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    await paperboy("once")
    out = (await paperboy("explain", "2604.00001")).out
    assert out.count("'pigeon'") == 1
    assert out.count("told as new for birds") == 2
    environment.config["topics"]["birds"]["keywords"] = ["map"]  # edited since
    out = (await paperboy("explain", "2604.00001")).out
    assert out.count("claimed: 'map' in title and abstract") == 1
    assert out.count("told as new by 'pigeon' in title and abstract, in the digest") == 2


async def test_explain_says_which_subscriber_a_topic_treated_otherwise(
    paperboy: Terminal, environment: Environment
) -> None:
    """Who was told of three mailings in one digest, of a paper of which no mailing alone was for it."""
    environment.config["subscribers"]["other"] = {
        "slack": "C0000000002",
        "topics": ["birds"],
        "at": "08:00",
        "on": ["wed"],
    }
    environment.announce(MONDAY, paper(title="Doves", abstract="Doves."))
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, FeedItem(paper(title="Pigeons", abstract="Pigeons.", version=2), REPLACE))
    await environment.once(morning(TUESDAY))
    await environment.once(morning(WEDNESDAY))
    lines = (await paperboy("explain", "2604.00001")).out.splitlines()
    topics = lines[lines.index("Topics") + 1 : lines.index("Subscribers")]
    assert [line.split(": ")[0].strip() for line in topics] == ["birds  for lab", "for other"]


async def test_explain_tells_of_the_sites_topics_where_nobody_subscribes(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["subscribers"] = {}
    environment.config["site"] = {"dir": "site", "topics": ["birds"]}
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    answer = await paperboy("explain", "2604.00001")
    assert "The site\n" in answer.out
    assert "claimed: 'pigeon' in title" in answer.out


async def test_explain_knows_a_paper_it_never_saw_and_what_is_no_identifier(
    paperboy: Terminal, environment: Environment
) -> None:
    await environment.once(morning(TUESDAY))
    assert "never seen in a mailing" in (await paperboy("explain", "2604.99999")).out
    wrong = await paperboy("explain", "pigeons")
    assert wrong.code == 2
    assert "pigeons" in wrong.err


# -- check -------------------------------------------------------------------------------------------------------


async def test_check_says_what_a_relay_has_to_sign_as_soon_as_there_are_pages(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["subscribers"] = {"alice": {"mail": "alice@example.edu", "topics": ["birds"]}}
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    assert "List-Unsubscribe-Post" not in (await paperboy("check")).out
    environment.config["web"] = {"url": "https://papers.example.edu", "secret": "coo" * 20}
    assert "List-Unsubscribe-Post" in (await paperboy("check")).out


async def test_check_reaches_every_service_and_posts_nothing(paperboy: Terminal, environment: Environment) -> None:
    environment.config["subscribers"] |= {
        "group": {"discord": "123456789012345678", "topics": ["birds"], "at": "08:00"},
        "alice": {"mail": "alice@example.org", "topics": ["birds"]},
        "away": {"mail": "eve@example.org", "topics": ["birds"], "paused": True},
    }
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    answer = await paperboy("check")
    assert answer.code == 0, answer.out
    assert "1 topic, 4 subscribers, 1 category" in answer.out
    assert "cs.CV: 1 announcements in the mailing of 2026-04-21" in answer.out
    assert "`paperboy run` keeps the hour" in answer.out
    assert "paused: gets nothing" in answer.out
    assert environment.received() == {"slack": 0, "discord": 0, "mail": 0}


async def test_check_notes_keywords_that_are_written_as_queries(paperboy: Terminal, environment: Environment) -> None:
    environment.config["topics"]["birds"] |= {
        "keywords": ["owl", "pigeon*"],
        "exclude": ["“a b”"],
        "authors": ["Chen B*"],
    }
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    answer = await paperboy("check")
    assert answer.code == 0, answer.out
    noted = [line.split() for line in answer.out.splitlines() if "as it stands" in line]
    assert [words[1] for words in noted] == [f"topics.birds.{key}" for key in ("keywords", "exclude", "authors")]
    assert "'“a b”' is looked for as it stands, quotes and all: a phrase needs none" in answer.out
    assert "'pigeon*' is looked for as it stands, * and all: only a topic's `query` reads it otherwise" in answer.out


async def test_check_names_the_setting_that_is_wrong_and_ends_with_1(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.slack.token = "another"
    answer = await paperboy("check")
    assert answer.code == 1
    assert any(line.split()[:2] == ["WRONG", "channels.slack.token"] for line in answer.out.splitlines())
    assert any(line.split()[:2] == ["WRONG", "arxiv.rss_url"] for line in answer.out.splitlines())
    assert "xoxb-demo-token" not in answer.out + answer.err


async def test_check_does_not_ask_live_arxiv_in_the_example_s_name(
    paperboy: Terminal, environment: Environment
) -> None:
    path = environment.folder / "example.yaml"
    path.write_text("contact: you@example.org\ntopics: {birds: {categories: [cs.CV]}}\nsite: {}\n", encoding="utf-8")
    answer = await paperboy.raw("check", "--config", str(path))
    assert answer.code == 1
    assert [line.split()[:2] for line in answer.out.splitlines()[1:]] == [["WRONG", "contact"]]


async def test_every_problem_is_told_with_its_line_as_editors_understand_it(
    paperboy: Terminal, environment: Environment
) -> None:
    path = environment.folder / "wrong.yaml"
    path.write_text("contact: you@example.org\ntopics: {birds: {categories: [cs.CV]}}\nsite: {}\n", encoding="utf-8")
    told = f"The configuration {path} cannot be used:\n  {path}:1: contact: put your own in place of"
    assert (await paperboy.raw("once", "--config", str(path))).err.startswith(told)
    path.write_text("topics:\n  birds: {categories: [cs.CVV]}\nsite: {}\nsite: {}\n", encoding="utf-8")
    assert (await paperboy.raw("check", "--config", str(path))).err.splitlines()[1:] == [
        "  contact: is missing: add your mail address or a URL, like you@your-lab.edu; arXiv is shown it",
        f"  {path}:2: topics.birds.categories[0]: unknown category cs.CVV: did you mean cs.CV?",
        f"  {path}:4: this key stands there twice",
    ]


async def test_check_tells_of_secrets_in_a_file_that_others_can_read(
    paperboy: Terminal, environment: Environment
) -> None:
    path = environment.folder / "open.yaml"
    path.write_text(
        """contact: you@example.org
topics: {birds: {categories: [cs.CV]}}
channels: {slack: {token: xoxb-feather, api_url: "http://127.0.0.1:1/"}}
subscribers: {loft: {slack: C0123456789, topics: [birds], paused: true}}
""",
        encoding="utf-8",
    )
    path.chmod(0o644)
    told = "is a secret in a file that others on this machine can read"
    answer = await paperboy.raw("check", "--config", str(path))
    assert told in answer.out
    assert "feather" not in answer.out + answer.err
    path.chmod(0o600)
    assert told not in (await paperboy.raw("check", "--config", str(path))).out


async def test_check_and_status_notice_a_subscriber_that_was_renamed(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    environment.config["subscribers"]["group"] = environment.config["subscribers"].pop("lab")
    for command in ("check", "status"):
        out = " ".join((await paperboy(command)).out.split())
        assert "group has the address of lab, which is gone: `was: lab` lets it go on, else it starts anew" in out
    assert json.loads((await paperboy("status", "--json")).out)["renamed"].keys() == {"group"}


async def test_check_send_posts_a_test_to_everybody_and_closes_an_open_circuit(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["subscribers"]["gone"] = {"slack": "C0000000404", "topics": ["birds"]}
    environment.slack.channels["C0000000404"] = {"is_archived": True}
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    await paperboy("once")
    refused = await paperboy("check", "--send")
    assert refused.code == 1
    assert "the test was not taken: " in refused.out
    del environment.slack.channels["C0000000404"]
    assert (await paperboy("check", "--send")).code == 0
    assert "Paperboy: a test" in str(environment.slack.messages[-1].payload)
    assert (await paperboy("once")).code == 0
    assert "Pigeons Read Maps" in str(environment.slack.messages[-1].payload)


async def test_check_says_that_nothing_will_happen_where_nobody_reads(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["subscribers"] = {}
    environment.clock.set(morning(date(2026, 4, 21)))
    answer = await paperboy("check")
    assert "nothing will happen" in answer.out
    assert environment.arxiv.requests == []
