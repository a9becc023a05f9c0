"""The configuration as a whole: what loads, what is refused and how it says so, and that no secret is ever shown."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass, fields
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels import CHANNELS
from bot.channels.mail.settings import MailSettings
from bot.config import load, locate, yaml_file
from bot.errors import ConfigError, Problem
from bot.model import AnnounceType, MatchMode, OnUnknown, Order, Topic
from bot.settings import (
    EXAMPLE_CONTACT,
    Address,
    ArxivSettings,
    ChatSettings,
    ComposeSettings,
    DiscordChat,
    Secret,
    Settings,
    SiteSettings,
    SlackChat,
    Subscriber,
    WebSettings,
    WhenEmpty,
    WhoMayChange,
    refuse_live,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.channels.channel import Channel

DATA = Path(__file__).parents[1] / "data/config"
EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"

SIGNS = "coo" * 20
BASE = {
    "contact": "ada@uni.example.edu",
    "store": "sqlite:///paperboy.db",
    "topics": "{birds: {categories: [cs.CV]}, light: {categories: [hep-lat]}}",
    "channels": "{slack: {token: word}, discord: {token: word}}",
    "subscribers": "{loft: {slack: C0123456789, topics: [birds]}}",
}


def write(folder: Path, fragment: str) -> Path:
    """BASE with the sections of the fragment in place of its own; `-name` leaves one out."""
    replaced = set(re.findall(r"^-?(\w+)", fragment, re.MULTILINE))
    kept = [f"{name}: {section}" for name, section in BASE.items() if name not in replaced]
    added = [line for line in fragment.split("\n") if not line.startswith("-")]
    file = folder / "config.yaml"
    file.write_text("\n".join([*kept, *added]) + "\n")
    return file


def settings_of(folder: Path, fragment: str = "", **environ: str) -> Settings:
    return load(write(folder, fragment), environ)


def problems_of(folder: Path, fragment: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings_of(folder, fragment, **environ)
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


@pytest.fixture
def everything(tmp_path: Path) -> Settings:
    (tmp_path / "looks").mkdir()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/smtp").write_text("feather\n")
    file = tmp_path / "config.yaml"
    file.write_text((DATA / "everything.yaml").read_text())
    return load(
        file,
        {
            "NEST_SLACK": "xoxb-1",
            "NEST_DISCORD": "dove",
            "NEST_PORT": "2525",
            "NEST_BOX": "eve",
            "NEST_SIGNS": SIGNS,
            "NEST_APP": "xapp-1",
        },
    )


def test_every_setting_reaches_its_place(everything: Settings, tmp_path: Path) -> None:
    assert everything.contact == "https://pigeons.example.edu/bot"
    assert everything.store == f"sqlite:///{tmp_path}/state/pigeons.db"
    assert everything.timezone.key == "America/Lima"
    assert everything.templates == tmp_path / "looks"
    assert everything.operator == "dovecote"
    assert everything.keep_days == 30
    assert everything.compose == ComposeSettings(3)
    assert everything.arxiv == ArxivSettings(
        rss_url="http://127.0.0.1:8001/rss/{category}",
        oai_url="http://[::1]:8001/oai",
        catchup_url="http://localhost:8001/catchup/{category}/{date}",
        seconds_between_requests=0.5,
        alert_after=timedelta(days=2),
    )
    assert everything.web == WebSettings(
        url="https://pigeons.example.edu/answer",
        secret=(Secret(SIGNS), Secret("an-old-secret-of-the-nest-that-is-long-enough")),
        listen=f"unix:{tmp_path}/state/web.sock",
        signup=("light_2", "birds"),
        signup_domains=("example.edu", "xn--bcher-kva.example"),
        own_topics=False,
        trusted_proxies=("10.0.0.0/8", "::1/128"),
        site=True,
    )
    assert everything.chat == ChatSettings(
        SlackChat(Secret("xapp-1"), WhoMayChange.EVERYONE), DiscordChat(WhoMayChange.MANAGERS), buttons=False
    )
    assert everything.site == SiteSettings(
        dir=tmp_path / "public/pages",
        topics=("light_2",),
        url="https://pigeons.example.edu/papers",
        repository="pigeons/papers.io",
    )


def test_topics_have_canonical_categories_and_words_as_they_were_written(everything: Settings) -> None:
    assert everything.topics["birds"] == Topic(
        name="birds",
        title="Birds & Maps",
        categories=("q-bio.NC", "cs.CV", "math.NA"),
        keywords=("pigeon", "1.10", "no", "null", "C++"),
        exclude=("clay",),
        authors=("Byron, A",),
        match=MatchMode.SUBSTRING,
        announce=frozenset({AnnounceType.NEW, AnnounceType.REPLACE_CROSS}),
        order=Order.LISTING,
        limit=5,
    )
    assert everything.topics["light_2"] == Topic(
        name="light_2",
        title="light_2",
        categories=("hep-lat",),
        query='ti:"visual grounding" ANDNOT abs:medical',
    )


def test_subscribers_have_their_channel_addresses_hour_and_zone(everything: Settings) -> None:
    loft, dovecote, perch = everything.subscribers.values()
    assert (loft.name, loft.channel, loft.topics) == ("loft", "slack", ("light_2", "birds"))
    assert loft.paused
    assert loft.options == CHANNELS["slack"].Options(thread=True, buttons=False)
    assert loft.timezone.key == "America/Lima"
    assert loft.at is None
    assert [address.value.reveal() for address in dovecote.addresses] == ["bo@example.org", "eve@example.org"]
    assert (dovecote.at, dovecote.on, dovecote.timezone.key) == (time(8, 5), frozenset({0, 6}), "Asia/Tokyo")
    assert (dovecote.when_empty, dovecote.on_unknown) == (WhenEmpty.SAY, OnUnknown.HOLD)
    assert dovecote.max_messages == 3
    assert perch.addresses[0].value.reveal() == "123456789012345678"
    assert perch.at == time(9, 30)


def test_channels_have_their_secrets_from_environment_and_file(everything: Settings) -> None:
    assert everything.channels["slack"].token == Secret("xoxb-1")
    assert everything.channels["discord"].token == Secret("dove")
    mail = everything.channels["mail"]
    assert (mail.host, mail.port, mail.security) == ("127.0.0.1", 2525, "none")
    assert (mail.username, mail.password) == ("nest", Secret("feather"))


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "-channels\n-subscribers\n-store\nstore: sqlite:///p.db")
    assert settings == Settings(
        contact="ada@uni.example.edu",
        store=f"sqlite:///{tmp_path}/p.db",
        timezone=settings.timezone,
        topics=settings.topics,
    )
    assert settings.timezone.key == "UTC"


@pytest.mark.parametrize("nothing", ["", "null", "~", "{}"])
def test_a_section_that_is_all_commented_out_is_as_if_it_were_not_there(tmp_path: Path, nothing: str) -> None:
    settings = settings_of(tmp_path, f"subscribers: {nothing}\nchannels: {nothing}\narxiv: {nothing}")
    assert settings.subscribers == {}
    assert settings.arxiv == ArxivSettings()


def test_without_site_there_is_no_site_and_an_empty_one_has_all_topics(tmp_path: Path) -> None:
    assert settings_of(tmp_path).site is None
    assert settings_of(tmp_path, "site:").site is None
    assert settings_of(tmp_path, "site: {}").site == SiteSettings(dir=tmp_path / "site", topics=("birds", "light"))


def test_without_web_there_is_none_and_one_that_is_hardly_set_lets_nobody_sign_up(tmp_path: Path) -> None:
    assert settings_of(tmp_path).web is None
    assert settings_of(tmp_path, "web:").web is None
    settings = settings_of(tmp_path, f"web: {{url: 'http://localhost:8080/', secret: {SIGNS}}}")
    assert settings.web == WebSettings(url="http://localhost:8080", secret=(Secret(SIGNS),))
    assert "mail" not in settings.channels


def test_who_signs_up_uses_mail_and_what_they_may_follow_is_collected(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, f"web: {{url: 'http://[::1]:1', secret: {SIGNS}, signup: [light]}}")
    assert settings.channels["mail"] == MailSettings()
    web = f"web: {{url: 'http://[::1]:1', secret: {SIGNS}, signup: [light]}}"
    relay = "channels: {mail: {port: 2525}, slack: {token: x}}"
    assert settings_of(tmp_path, f"{web}\n{relay}").channels["mail"].port == 2525
    assert settings.categories == ("cs.CV", "hep-lat")


CHAT = "chat: {slack: {app_token: xapp-1-A-2-b}, discord: {}}"


def test_without_chat_there_is_none_and_one_that_is_hardly_set_lets_managers_change_channels(tmp_path: Path) -> None:
    assert settings_of(tmp_path).chat is None
    assert settings_of(tmp_path, "chat:").chat is None
    chat = settings_of(tmp_path, CHAT).chat
    assert chat == ChatSettings(SlackChat(Secret("xapp-1-A-2-b")), DiscordChat(), buttons=True)
    assert chat.platforms == ("slack", "discord")
    one = settings_of(tmp_path, "chat: {discord: {who: everyone}}").chat
    assert one is not None
    assert one.platforms == ("discord",)


def test_who_writes_to_the_bot_uses_its_channel_and_all_topics_may_be_followed_there(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, f"-subscribers\n{CHAT}")
    assert settings.channels["slack"].token == Secret("word")
    assert settings.channels["discord"].token == Secret("word")
    assert settings.categories == ("cs.CV", "hep-lat")


def test_listening_needs_the_bot_tokens_even_beside_webhooks(tmp_path: Path) -> None:
    hook = 'subscribers: {hook: {slack: "https://hooks.slack.com/services/T01/B01/abc", topics: [birds]}}'
    assert problems_of(tmp_path, f"{CHAT}\n{hook}\n-channels") == [
        "channels.slack.token: is missing (used by chat.slack)",
        "channels.discord.token: is missing (used by chat.discord)",
    ]
    unset = 'channels: {slack: {token: "${BOT}"}, discord: {token: word}}'
    assert problems_of(tmp_path, f"{CHAT}\n{hook}\n{unset}") == [
        "channels.slack.token: environment variable BOT is not set (used by chat.slack)"
    ]


@pytest.mark.parametrize("token", ["xoxb-feather", "feather", "'xapp-1 feather'", "'\"xapp-feather\"'"])
def test_a_token_that_is_no_app_token_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    (said,) = problems_of(tmp_path, f"chat: {{slack: {{app_token: {token}}}}}")
    assert said.startswith("chat.slack.app_token: ")
    assert "feather" not in said


def test_a_whole_archive_is_all_its_categories(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "topics: {birds: {categories: [q-bio.*]}, light: {categories: [cs, cs.CV]}}")
    assert "q-bio.NC" in settings.topics["birds"].categories
    assert settings.topics["light"].categories.count("cs.CV") == 1


def test_a_topic_that_nobody_reads_is_no_error_and_asks_nothing_of_arxiv(tmp_path: Path) -> None:
    assert settings_of(tmp_path).categories == ("cs.CV",)


def test_two_subscribers_may_share_an_address(tmp_path: Path) -> None:
    twice = "subscribers: {a: {slack: C0123456789, topics: [birds]}, b: {slack: C0123456789, topics: [light]}}"
    assert len(settings_of(tmp_path, twice).subscribers) == 2


def test_tex_in_a_keyword_is_no_reference(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "topics: {birds: {categories: [cs.CV], keywords: ['${\\cal N}=4$']}}")
    assert settings.topics["birds"].keywords == ("${\\cal N}=4$",)


TAKE_THE_BOTS = "take the Bot User OAuth Token (xoxb-...) from the app's page, OAuth & Permissions"
BAD: list[tuple[str, str]] = [
    # the whole
    ("-contact", "contact: is missing: add your mail address or a URL, like you@your-lab.edu; arXiv is shown it"),
    ("contact:", "contact: is missing: add your mail address or a URL, like you@your-lab.edu; arXiv is shown it"),
    ("contact: Ada", "contact: your mail address or a URL is expected: arXiv wants to know whom to ask"),
    ("contact: [a]", "contact: a text is expected"),
    (
        "store: mariadb://db/papers",
        "store: sqlite:///paperboy.db or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE is expected",
    ),
    (
        "store: papers.db",
        "store: sqlite:///paperboy.db or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE is expected",
    ),
    ("timezone: Europe/Berln", "timezone: no such time zone: did you mean Europe/Berlin?"),
    ("templates: looks", "templates: there is no such folder"),
    ("operator: lift", "operator: no subscriber lift: did you mean loft?"),
    ("keep_days: 0", "keep_days: at least 1 is expected"),
    ("keep_days: 99999999999", "keep_days: at most 36500 is expected"),
    (
        "store: sqlite:///",
        "store: a store in memory forgets what was sent: a file is expected, like sqlite:///paperboy.db",
    ),
    (
        "site: {dir: ~nobody-has-this-name/site}",
        "site.dir: ~ stands for no home directory that is known: write the path in full",
    ),
    ("site: {url: 'https://'}", "site.url: a URL is expected, like https://example.org/"),
    ("keep_days: many", "keep_days: a whole number is expected"),
    ("keep_days: 1.5", "keep_days: a whole number is expected"),
    ("topic: {}", "topic: unknown key topic: did you mean topics?"),
    ("site: public", "site: keys with values are expected, like `key: value`"),
    ("contact: a@b.example\ncontact: c@d.example", "line 6: this key stands there twice"),
    # arxiv
    ("arxiv: {rss: x}", "arxiv.rss: unknown key rss: did you mean rss_url?"),
    (
        "arxiv: {rss_url: 'https://rss.arxiv.org/rss/cs.CV'}",
        "arxiv.rss_url: the URL has to name {category} in braces",
    ),
    (
        "arxiv: {catchup_url: 'https://arxiv.org/catchup/{category}'}",
        "arxiv.catchup_url: the URL has to name {category} and {date} in braces",
    ),
    ("arxiv: {oai_url: 'https://a.example/{x}'}", "arxiv.oai_url: no {braces} are expected"),
    ("arxiv: {oai_url: oai}", "arxiv.oai_url: a URL is expected, like https://example.org/"),
    (
        "arxiv: {oai_url: 'http://oaipmh.arxiv.org/oai'}",
        "arxiv.oai_url: plain http is accepted on loopback only: use https",
    ),
    (
        "arxiv: {seconds_between_requests: 2.9}",
        "arxiv.seconds_between_requests: at least 3 is expected where arXiv is not on loopback: its terms of use",
    ),
    (
        # one address on loopback does not make arXiv's rules void for the others
        "arxiv: {rss_url: 'http://127.0.0.1/{category}', seconds_between_requests: 1}",
        "arxiv.seconds_between_requests: at least 3 is expected where arXiv is not on loopback: its terms of use",
    ),
    ("arxiv: {seconds_between_requests: -1}", "arxiv.seconds_between_requests: at least 0 is expected"),
    ("arxiv: {seconds_between_requests: .nan}", "arxiv.seconds_between_requests: a number is expected"),
    ("arxiv: {seconds_between_requests: inf}", "arxiv.seconds_between_requests: a number is expected"),
    ("arxiv: {alert_after: 12}", "arxiv.alert_after: a duration is expected, like 30m, 12h or 2d"),
    # topics
    ("topics:\n-subscribers", "topics: at least one topic is expected"),
    ("topics: [birds]\n-subscribers", "topics: keys with values are expected, like `key: value`"),
    ("topics: {birds: }", "topics.birds.categories: is missing: add the mailings to read, like [cs.CV]"),
    ("topics: {birds: {categories: []}}", "topics.birds.categories: at least one is expected"),
    ("topics: {birds: {categories: cs.CV}}", "topics.birds.categories: a list is expected, like [a, b]"),
    (
        "topics: {birds: {categories: [cs.CL, cs.CVV]}}",
        "topics.birds.categories[1]: unknown category cs.CVV: did you mean cs.CV?",
    ),
    ("topics: {birds: {categories: [zzzzzz]}}", "topics.birds.categories[0]: unknown category zzzzzz"),
    (
        "topics: {birds: {categories: [cs.CV], keyword: [a]}}",
        "topics.birds.keyword: unknown key keyword: did you mean keywords?",
    ),
    ("topics: {birds: {categories: [cs.CV], keywords: [a, '']}}", "topics.birds.keywords[1]: must not be empty"),
    (
        "topics: {birds: {categories: [cs.CV], keywords: [a, ]}}\nsite: {topics: [{}]}",
        "site.topics[0]: a text is expected",
    ),
    (
        "topics: {birds: {categories: [cs.CV], keywords: [a, '-']}}",
        "topics.birds.keywords[1]: says nothing to look for: a letter or a digit is expected",
    ),
    (
        "topics: {birds: {categories: [cs.CV], exclude: ['&']}}",
        "topics.birds.exclude[0]: says nothing to look for: a letter or a digit is expected",
    ),
    (
        "topics: {birds: {categories: [cs.CV], authors: [Jr.]}}",
        "topics.birds.authors[0]: an author's name is expected, like Ada Byron",
    ),
    (
        "topics: {birds: {categories: [cs.CV], query: 'pigeon cat:cs.CVV'}}",
        "topics.birds.query: unknown category cs.CVV: did you mean cs.CV? (column 8)",
    ),
    (
        "topics: {birds: {categories: [cs.CV]}, Birds: {categories: [cs.CL]}}",
        "topics.Birds: differs from birds only in case: some disks have one folder for both",
    ),
    ("topics: {birds: {categories: [cs.CV], title: ' '}}", "topics.birds.title: must not be empty"),
    (
        "topics: {birds: {categories: [cs.CV], match: fuzzy}}",
        "topics.birds.match: one of words, exact or substring is expected",
    ),
    (
        "topics: {birds: {categories: [cs.CV], order: best}}",
        "topics.birds.order: one of relevance, listing or learned is expected",
    ),
    (
        "topics: {birds: {categories: [cs.CV], announce: [new, old]}}",
        "topics.birds.announce[1]: one of new, cross, replace or replace-cross is expected",
    ),
    ("topics: {birds: {categories: [cs.CV], announce: []}}", "topics.birds.announce: at least one is expected"),
    (
        "topics: {birds: {categories: [cs.CV], announce: new}}",
        "topics.birds.announce: a list is expected, like [a, b]",
    ),
    ("topics: {birds: {categories: [cs.CV], limit: 0}}", "topics.birds.limit: at least 1 is expected"),
    (
        "topics: {birds: {categories: [cs.CV], query: pigeon, keywords: [a], authors: [b]}}",
        "topics.birds.query: stands beside keywords and authors: say all in the query or nothing",
    ),
    (
        "topics: {birds: {categories: [cs.CV]}, my topic: {categories: [cs.CV]}}",
        "topics.my topic: a name is made of letters, digits, - and _, 64 at most",
    ),
    # subscribers
    (
        "subscribers: {a.b: {slack: C0123456789, topics: [birds]}}",
        "subscribers.a.b: a name is made of letters, digits, - and _, 64 at most",
    ),
    (
        "subscribers: {loft: {topics: [birds]}}",
        "subscribers.loft: has no channel: one of slack, discord, mail is expected",
    ),
    (
        "subscribers: {loft: {slack: , topics: [birds]}}",
        'subscribers.loft.slack: has no value; # begins a comment: put the text in quotes, like slack: "#..."',
    ),
    (
        "subscribers:\n  loft:\n    slack: #papers\n    topics: [birds]",
        'subscribers.loft.slack: has no value; # begins a comment: put the text in quotes, like slack: "#..."',
    ),
    (
        "subscribers: {a: {slack: C0123456789, mail: a@b.example, topics: [birds]}}",
        "subscribers.a: has slack and mail: make it a subscriber for each",
    ),
    (
        "subscribers: {loft: {slack: C0123456789}}",
        "subscribers.loft.topics: is missing: add names of topics, like [mllm]",
    ),
    ("subscribers: {loft: {slack: C0123456789, topics: []}}", "subscribers.loft.topics: at least one is expected"),
    (
        "subscribers: {loft: {slack: C0123456789, topics: birds}}",
        "subscribers.loft.topics: a list is expected, like [a, b]",
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [light, brids]}}",
        "subscribers.loft.topics[1]: no topic brids: did you mean birds?",
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], at: 8am}}",
        'subscribers.loft.at: a time of day is expected, like "08:00"',
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], at: 08:00, on: [mon, may]}}",
        "subscribers.loft.on[1]: a weekday is one of mon, tue, wed, thu, fri, sat, sun",
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], at: 08:00, on: []}}",
        "subscribers.loft.on: at least one is expected",
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], on: [mon]}}",
        'subscribers.loft.on: means nothing without an hour: add at: "08:00"',
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], timezone: Asia/Tokio}}",
        "subscribers.loft.timezone: no such time zone: did you mean Asia/Tokyo?",
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], max_messages: 0}}",
        "subscribers.loft.max_messages: at least 1 is expected",
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], paused: perhaps}}",
        "subscribers.loft.paused: true or false is expected",
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], when_empty: shout}}",
        "subscribers.loft.when_empty: one of silent or say is expected",
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], on_unknown: guess}}",
        "subscribers.loft.on_unknown: one of resend, drop or hold is expected",
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], thread: maybe}}",
        "subscribers.loft.thread: true or false is expected",
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], thraed: true}}",
        "subscribers.loft.thraed: unknown key thraed: did you mean thread?",
    ),
    (
        "subscribers: {loft: {slack: '${GONE}', topics: [birds]}}",
        "subscribers.loft.slack: environment variable GONE is not set",
    ),
    (
        "subscribers: {loft: {mail: [a@b.example, '${GONE}'], topics: [birds]}}",
        "subscribers.loft.mail[1]: environment variable GONE is not set",
    ),
    # web
    (
        f"web: {{secret: {SIGNS}}}",
        "web.url: is missing: add the address that links in mails begin with, like https://papers.your-lab.edu",
    ),
    (
        "web: {url: 'http://localhost:1'}",
        "web.secret: is missing: add 32 random characters or more, from `openssl rand -hex 32`",
    ),
    (
        "web: {url: 'http://localhost:1', secret: short}",
        "web.secret[0]: at least 32 random characters are expected: `openssl rand -hex 32`",
    ),
    (
        f"web: {{url: 'http://localhost:1', secret: [{SIGNS}, {SIGNS}1, {SIGNS}2]}}",
        "web.secret: at most two are expected: the new one, and the old one while it is being changed",
    ),
    (
        f"web: {{url: 'http://papers.example.edu', secret: {SIGNS}}}",
        "web.url: plain http is accepted on loopback only: use https",
    ),
    (
        "chat: {slack: {}}",
        "chat.slack.app_token: is missing: add the app-level token (xapp-...) with the scope connections:write",
    ),
    (
        "chat: {discord: {hwo: everyone}}",
        "chat.discord.hwo: unknown key hwo: did you mean who?",
    ),
    ("chat: {discord: {who: admins}}", "chat.discord.who: one of everyone or managers is expected"),
    ("chat: {skype: {}}", "chat.skype: unknown key skype: there is slack, discord, buttons"),
    (
        f"web: {{url: 'http://localhost:1', secret: {SIGNS}, signup: [brids]}}",
        "web.signup[0]: no topic brids: did you mean birds?",
    ),
    (
        f"web: {{url: 'http://localhost:1', secret: {SIGNS}, listen: localhost}}",
        "web.listen: an address to listen on is expected, like 127.0.0.1:8080 or unix:/run/paperboy/web.sock",
    ),
    (
        f"web: {{url: 'http://localhost:1', secret: {SIGNS}, signup_domains: [a b]}}",
        "web.signup_domains[0]: a domain is expected, like uni.example",
    ),
    (
        f"web: {{url: 'http://localhost:1', secret: {SIGNS}, trusted_proxies: [proxy]}}",
        "web.trusted_proxies[0]: an IP address or a network is expected, like 10.0.0.0/8",
    ),
    (
        f"web: {{url: 'http://localhost:1', secret: {SIGNS}, site: yes}}",
        "web: has site: true, but there is no site to serve: add `site:` to the file",
    ),
    (
        "fleet: true",
        "fleet: true needs PostgreSQL: let `store` be postgresql+psycopg://USER:PASSWORD@HOST/DATABASE",
    ),
    # addresses
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], at: 8:30 pm}}",
        'subscribers.loft.at: a time of day is expected, like "20:30"',
    ),
    (
        "subscribers: {a: {slack: 'https://discord.com/api/webhooks/123456789012345678/abc', topics: [birds]}}",
        "subscribers.a.slack: is an address for discord: write discord: in place of slack:",
    ),
    (
        "subscribers: {a: {discord: 'https://hooks.slack.com/services/T01/B01/abc', topics: [birds]}}",
        "subscribers.a.discord: is an address for slack: write slack: in place of discord:",
    ),
    (
        "subscribers: {a: {slack: '123456789012345678', topics: [birds]}}",
        "subscribers.a.slack: is an address for discord: write discord: in place of slack:",
    ),
    (
        "channels: {slack: {token: a}}\nsubscribers: {a: {slack: a@b.example, topics: [birds]}}",
        "subscribers.a.slack: is an address for mail: write mail: in place of slack:",
    ),
    (
        """subscribers: {a: {discord: '"123456789012345678"', topics: [birds]}}""",
        "subscribers.a.discord: has quotes inside of its quotes: leave out the inner ones",
    ),
    (
        """subscribers: {a: {mail: [b@c.example, "'a@b.example'"], topics: [birds]}}""",
        "subscribers.a.mail: has quotes inside of its quotes: leave out the inner ones",
    ),
    (
        "subscribers: {loft: {slack: C0123456789, topics: [birds], was: loft}}",
        "subscribers.loft.was: there is a subscriber loft still: it names one that was renamed",
    ),
    (
        "subscribers: {a: {slack: C0123456789, topics: [birds], was: c}, b: {mail: a@b.cc, topics: [birds], was: c}}",
        "subscribers.b.was: a was c already",
    ),
    (
        "subscribers: {a: {slack: C0123456789, topics: [birds], interest: {zotero: {user: 1, group: 2, key: k}}}}",
        "subscribers.a.interest.zotero: user or group is expected, and not both",
    ),
    (
        "subscribers: {a: {slack: C0123456789, topics: [birds], interest: {zotero: {user: 1}}}}",
        "subscribers.a.interest.zotero.key: is missing: add a key from zotero.org/settings/keys; reading is enough",
    ),
    (
        "subscribers: {a: {slack: C0123456789, topics: [birds], interest: {bibtx: a.bib}}}",
        "subscribers.a.interest.bibtx: unknown key bibtx: did you mean bibtex?",
    ),
    # channels
    ("channels: {slak: {}}\n-subscribers", "channels.slak: unknown key slak: did you mean slack?"),
    ("channels: {mail: {hots: localhost}}\n-subscribers", "channels.mail.hots: unknown key hots: did you mean host?"),
    (
        "channels: {slack: {token: '${SLACK_BOT_TOKEN}'}}",
        "channels.slack.token: environment variable SLACK_BOT_TOKEN is not set (used by subscriber loft)",
    ),
    ("channels:", "channels.slack.token: is missing (used by subscriber loft)"),
    ("channels: {slack: {token: [a]}}", "channels.slack.token: a text is expected"),
    (
        "channels: {slack: {token: '${file:token}'}}",
        "channels.slack.token: file token cannot be read: No such file or directory (used by subscriber loft)",
    ),
    (
        "channels: {slack: {token: $A_B}}",
        "channels.slack.token: an environment variable's name stands in braces: ${A_B} (used by subscriber loft)",
    ),
    (
        "channels: {slack: {token: xoxb-1 xoxb-2}}",
        "channels.slack.token: a token has no white space in it: was something else copied with it?",
    ),
    (
        """channels: {slack: {token: "'xoxb-1'"}}""",
        "channels.slack.token: a token has no quotes around it: leave them out, also in the environment or the file",
    ),
    (
        "channels: {slack: {token: xoxp-1}}",
        f"channels.slack.token: is a user's token, in whose name everything would be posted: {TAKE_THE_BOTS}",
    ),
    (
        "channels: {slack: {token: 'https://hooks.slack.com/services/T01/B01/abc'}}",
        "channels.slack.token: a token is no URL: a webhook's URL is the address of a subscriber, and needs no token",
    ),
    (
        "channels: {mail: {host: smtp.lab.example.edu}}\nsubscribers: {a: {mail: a@b.example, topics: [birds]}}",
        "channels.mail.sender: is still the example's, which no relay takes: put your own mail address",
    ),
    (
        "channels: {mail: {host: 'smtp.example.edu:587'}}\nsubscribers: {a: {mail: a@b.example, topics: [birds]}}",
        "channels.mail.host: a host's name alone is expected, like smtp.example.org: its port has its own setting",
    ),
    (
        "channels: {mail: {port: smtp}}\nsubscribers: {a: {mail: a@b.example, topics: [birds]}}",
        "channels.mail.port: a whole number is expected",
    ),
    (
        "channels: {mail: {security: ssl}}\nsubscribers: {a: {mail: a@b.example, topics: [birds]}}",
        "channels.mail.security: one of tls, starttls or none is expected",
    ),
    # site
    ("site: {topics: [brids]}", "site.topics[0]: no topic brids: did you mean birds?"),
    ("site: {url: 'http://papers.example.org'}", "site.url: plain http is accepted on loopback only: use https"),
    ("site: {repository: papers}", "site.repository: a repository is expected as owner/name"),
    ("site: {folder: x}", "site.folder: unknown key folder: there is dir, topics, url, repository"),
]


@pytest.mark.parametrize(("fragment", "expected"), BAD)
def test_a_bad_configuration_is_refused_with_one_clear_sentence(tmp_path: Path, fragment: str, expected: str) -> None:
    assert problems_of(tmp_path, fragment) == [expected]


def test_what_a_reference_stood_for_is_cut_from_no_word_of_ours(tmp_path: Path) -> None:
    relay = "channels: {mail: {security: '${WORD}'}}\nsubscribers: {a: {mail: a@b.example, topics: [birds]}}"
    assert problems_of(tmp_path, relay, WORD="start") == [
        "channels.mail.security: one of tls, starttls or none is expected"
    ]
    (told,) = problems_of(tmp_path, "subscribers: {a: {slack: 'https://', topics: [birds]}}")
    assert "https://" in told
    assert "(not shown)" not in told


def test_a_query_that_does_not_parse_is_shown_where(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "topics: {birds: {categories: [cs.CV], query: '(pigeon OR'}}")
    assert re.fullmatch(r"topics\.birds\.query: .+ \(column \d+\)", problem)


def test_eight_problems_are_reported_as_eight_in_the_order_of_the_file() -> None:
    with pytest.raises(ConfigError) as caught:
        load(DATA / "eight-problems.yaml", {})
    assert [(problem.line, problem.path) for problem in caught.value.problems] == [
        (1, "contact"),
        (3, "timezone"),
        (5, "arxiv.alert_after"),
        (8, "topics.mllm.categories[1]"),
        (9, "topics.mllm.keyword"),
        (10, "topics.mllm.limit"),
        (12, "channels.slack.token"),
        (14, "subscribers.vision-lab.topics[0]"),
    ]


@pytest.mark.parametrize("content", ["[a, b]", "text", "- a: 1"])
def test_a_file_that_is_no_mapping_says_so(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(content)
    with pytest.raises(ConfigError, match=re.escape("(the file): keys with values are expected")):
        load(file, {})


def test_an_empty_file_misses_what_every_configuration_needs(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.touch()
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert [problem.path for problem in caught.value.problems] == ["topics", "contact"]


def test_a_store_that_is_not_named_lies_beside_the_configuration(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "-store").store == f"sqlite:///{tmp_path}/paperboy.db"


# What is only read where it is needed


def test_a_channel_that_nobody_uses_is_not_read(tmp_path: Path) -> None:
    channels = "channels: {slack: {token: word}, discord: {token: '${GONE}'}, mail: {password: '${file:gone}'}}"
    assert set(settings_of(tmp_path, channels).channels) == {"slack"}


def test_a_webhook_alone_needs_no_bot_token(tmp_path: Path) -> None:
    fragment = """channels: {slack: {token: "${SLACK_BOT_TOKEN}"}}
subscribers: {hook: {slack: "https://hooks.slack.com/services/T01/B01/abc", topics: [birds]}}"""
    assert settings_of(tmp_path, fragment).channels["slack"].token is None


def test_a_missing_token_names_those_who_need_it_and_no_webhook(tmp_path: Path) -> None:
    fragment = """channels: {slack: {token: "${SLACK_BOT_TOKEN}"}}
subscribers:
  loft: {slack: C0123456789, topics: [birds]}
  hook: {slack: "https://hooks.slack.com/services/T01/B01/abc", topics: [birds]}
  nest: {slack: C0123456780, topics: [birds]}"""
    assert problems_of(tmp_path, fragment, SLACK_BOT_TOKEN="") == [
        "channels.slack.token: environment variable SLACK_BOT_TOKEN is empty (used by subscribers loft, nest)"
    ]


# Loopback and the live arXiv

LOOPBACK = (
    "arxiv: {rss_url: 'http://127.0.0.1:1/{category}', oai_url: 'http://[::1]:1/', seconds_between_requests: 0}"
)


def test_on_loopback_one_may_be_fast_and_anybody(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, f"contact: the tests\n{LOOPBACK}")
    assert not settings.arxiv.live
    assert refuse_live(settings) is None


def test_live_arxiv_is_not_asked_in_the_name_of_the_examples_contact(tmp_path: Path) -> None:
    refusal = refuse_live(settings_of(tmp_path, f"contact: {EXAMPLE_CONTACT}"))
    assert isinstance(refusal, Problem)
    assert refusal.path == "contact"
    assert "put your own in place of you@example.org" in refusal.message
    assert refuse_live(settings_of(tmp_path)) is None
    assert refuse_live(settings_of(tmp_path, f"contact: {EXAMPLE_CONTACT}\n{LOOPBACK}")) is None


# Where the file is


def test_the_file_is_the_option_else_the_variable_else_config_yaml() -> None:
    assert locate(Path("a.yaml"), {"PAPERBOY_CONFIG": "b.yaml"}) == Path("a.yaml")
    assert locate(None, {"PAPERBOY_CONFIG": "b.yaml"}) == Path("b.yaml")
    assert locate(None, {"PAPERBOY_CONFIG": ""}) == Path("config.yaml")
    assert locate(None, {}) == Path("config.yaml")


def test_a_file_that_is_not_there_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file: `paperboy init` writes one; --config FILE or"):
        load(locate(tmp_path / "gone.yaml", {}), {})


def test_relative_paths_are_relative_to_the_file_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    write(tmp_path / "etc", "site: {}")
    monkeypatch.chdir(tmp_path)
    settings = load(Path("etc/config.yaml"), {})
    assert settings.store == f"sqlite:///{tmp_path}/etc/paperboy.db"
    assert settings.site is not None
    assert settings.site.dir == tmp_path / "etc/site"


# A channel that this module has never heard of


@dataclass(frozen=True, slots=True)
class PigeonSettings:
    loft: str
    ring: Secret | None = None
    speed: int = 60
    api_url: str = "https://pigeons.example.org/"

    def __post_init__(self) -> None:
        if self.speed > 100:
            raise ValueError("no pigeon flies that fast")


@dataclass(frozen=True, slots=True)
class PigeonOptions:
    feathers: int = 2

    def __post_init__(self) -> None:
        if self.feathers < 1:
            raise ValueError("a bald pigeon does not fly")


class Pigeon:
    Settings = PigeonSettings
    Options = PigeonOptions
    NEEDED_BY: Mapping[str, frozenset[str]] = {"ring": frozenset({"tower"})}

    @staticmethod
    def addresses(value: object, options: PigeonOptions) -> tuple[Address, ...]:
        if not isinstance(value, str) or options.feathers > 10:
            raise ValueError("a tower's name is expected")
        return (Address(Secret(value), "tower" if value.startswith("tower") else "tree", "a perch"),)


def problems_of_pigeons(folder: Path, fragment: str, **environ: str) -> list[str]:
    channels = cast("Mapping[str, type[Channel]]", {"pigeon": Pigeon})
    try:
        load(write(folder, fragment), environ, channels)
    except ConfigError as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("section", "subscriber", "expected"),
    [
        ("loft: nest, ring: gold", "pigeon: tower, feathers: 3", []),
        ("loft: nest, ring: '${GONE}'", "pigeon: oak", []),
        ("loft: nest", "pigeon: tower", ["channels.pigeon.ring: is missing (used by subscriber a)"]),
        ("", "pigeon: oak", ["channels.pigeon.loft: is missing (used by subscriber a)"]),
        ("loft: nest, speed: 101", "pigeon: oak", ["channels.pigeon: no pigeon flies that fast"]),
        ("loft: nest", "pigeon: oak, feathers: 0", ["subscribers.a: a bald pigeon does not fly"]),
        ("loft: nest", "pigeon: [oak]", ["subscribers.a.pigeon: a tower's name is expected"]),
        ("loft: nest", "pigeon: oak, feathers: 11", ["subscribers.a.pigeon: a tower's name is expected"]),
        (
            "loft: nest, api_url: 'http://pigeons.example.org'",
            "pigeon: oak",
            ["channels.pigeon.api_url: plain http is accepted on loopback only: use https"],
        ),
        ("loft: nest, api_url: 'http://127.0.0.2'", "pigeon: oak", []),
        (
            "loft: nest",
            "pigeon: 'http://pigeons.example.org/hook'",
            ["subscribers.a.pigeon: plain http is accepted on loopback only: use https"],
        ),
        (
            "loft: nest",
            "pidgeon: oak",
            [
                "subscribers.a.pidgeon: unknown key pidgeon: did you mean pigeon?",
                "subscribers.a: has no channel: one of pigeon is expected",
            ],
        ),
    ],
)
def test_a_new_channel_brings_its_own_settings_options_and_addresses(
    tmp_path: Path, section: str, subscriber: str, expected: list[str]
) -> None:
    fragment = f"channels: {{pigeon: {{{section}}}}}\nsubscribers: {{a: {{{subscriber}, topics: [birds]}}}}"
    assert problems_of_pigeons(tmp_path, fragment) == expected


# Secrets

SECRETS = {
    "xoxb-123456789012-hunter2": "SLACK",
    "https://hooks.slack.com/services/T0/B0/hunter2": "HOOK",
    "MTIzNDU2.hunter2": "DISCORD",
    "http://insecure.example.org/hunter2": "PLAIN",
    "hunter2": "WORD",
}

LEAKY = [
    """channels:
  slack: {token: "${SLACK}", api_url: "${SLACK}"}
  discord: {token: ["${DISCORD}"], api_url: "${PLAIN}"}
  mail: {host: "${WORD}", port: "${WORD}", security: "${WORD}", username: "${WORD}", password: ["${WORD}"]}
subscribers:
  a: {slack: "${PLAIN}", topics: ["${WORD}"], thread: "${WORD}", at: "${WORD}", on: ["${WORD}"]}
  b: {discord: "${HOOK}", topics: [birds], timezone: "${WORD}", max_messages: "${WORD}", paused: "${WORD}"}
  c: {mail: ["${WORD}", "${HOOK}"], topics: [birds], when_empty: "${WORD}", on_unknown: "${WORD}"}
  d: {slack: C0123456789, topics: [birds]}
  e: {discord: "123456789012345678", topics: [birds]}
  f: {mail: a@b.example, topics: [birds]}""",
    """channels:
  slack: {token: "${SLACK}", api_url: "http://insecure.example.org/hunter2"}
  discord: {token: "${DISCORD}", api_url: "hunter2"}
  mail: {username: "${WORD}", password: "${WORD}", security: none, host: relay.example.org, sender: "hunter2"}
subscribers:
  a: {slack: "https://hooks.slack.com/services/T0/B0/hunter2", topics: [birds], thread: true}
  b: {discord: "https://discord.com/api/webhooks/hunter2", topics: [birds]}
  c: {mail: "https://hooks.slack.com/services/T0/B0/hunter2", topics: [birds]}
  d: {slack: "xoxb-hunter2 ", topics: [birds]}
  e: {discord: "123456789012345678", topics: [birds]}
  f: {mail: a@b.example, topics: [birds]}""",
    """channels: {mail: {username: a, password: hunter2, security: none, host: relay.example.org}}
subscribers: {f: {mail: a@b.example, topics: [birds]}}""",
    """channels: {mail: {password: hunter2}}
subscribers: {f: {mail: a@b.example, topics: [birds]}}""",
    """channels: {slack: {"xoxb-123456789012-123456789012-hunter2hunter2": }}
subscribers: {a: {"https://hooks.slack.com/services/T0/B0/hunter2": , topics: [birds]}}""",
    'store: "postgresql://bot:${WORD}@db/papers"\ncontact: "${WORD}"\ntimezone: "${WORD}"\nkeep_days: "${WORD}"',
    'store: "mysql://bot:hunter2@db/papers"\nsite: {dir: a, url: "${WORD}", repository: "${WORD}"}',
    'arxiv: {rss_url: "https://me:hunter2@a.example/", oai_url: "${PLAIN}", alert_after: "${WORD}"}',
    "channels: {slack: {token: !hunter2 a}}",
    "channels: {slack: {token: *hunter2 }}",
    'channels: {slack: {token: "hunter2}}',
    "channels: {slack: {token: hunter2, token: hunter2}}",
]


@pytest.mark.parametrize("fragment", LEAKY)
def test_no_secret_is_in_any_error_its_repr_or_its_traceback(tmp_path: Path, fragment: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, fragment), {name: secret for secret, name in SECRETS.items()})
    error = caught.value
    told = [str(error), repr(error), repr(error.problems), *traceback.format_exception(error, chain=True)]
    assert "hunter2" not in "\n".join(told)


def test_no_secret_is_in_the_settings_repr(tmp_path: Path) -> None:
    fragment = """channels:
  slack: {token: "${SLACK}"}
  discord: {token: "${DISCORD}"}
  mail: {username: bot, password: "${WORD}"}
subscribers:
  a: {slack: "${HOOK}", topics: [birds]}
  d: {slack: C0123456789, topics: [birds]}
  e: {discord: "123456789012345678", topics: [birds]}
  f: {mail: a@b.example, topics: [birds]}"""
    settings = settings_of(tmp_path, fragment, **{name: secret for secret, name in SECRETS.items()})
    assert settings.channels["mail"].password == Secret("hunter2")
    assert "hunter2" not in repr(settings)


# Whatever somebody writes

ANYTHING = st.recursive(
    st.none()
    | st.text(max_size=8)
    | st.sampled_from(["${GONE}", "${SET}", "08:00", "cs.CV", "birds", "a@b.example"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    ("contact",),
    ("arxiv", "rss_url"),
    ("topics",),
    ("topics", "birds", "categories"),
    ("topics", "birds", "query"),
    ("channels", "mail"),
    ("channels", "mail", "sender"),
    ("subscribers", "loft"),
    ("subscribers", "loft", "slack"),
    ("subscribers", "loft", "at"),
    ("subscribers", "nest", "mail"),
    ("subscribers", "perch", "discord"),
    ("site",),
]


@given(places=st.dictionaries(st.sampled_from(PLACES), ANYTHING, min_size=1, max_size=3))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_written_is_loaded_or_refused_but_never_breaks(
    tmp_path: Path, places: dict[tuple[str, ...], object]
) -> None:
    whole: dict[str, Any] = {
        "contact": "ada@uni.example.edu",
        "store": "sqlite:///paperboy.db",
        "topics": {"birds": {"categories": ["cs.CV"]}},
        "channels": {"slack": {"token": "word"}, "discord": {"token": "word"}, "mail": {}},
        "subscribers": {
            "loft": {"slack": "C0123456789", "topics": ["birds"]},
            "nest": {"mail": "a@b.example", "topics": ["birds"]},
            "perch": {"discord": "123456789012345678", "topics": ["birds"]},
        },
    }
    for place, value in places.items():
        section = whole
        for name in place[:-1]:
            section = section[name] if isinstance(section.get(name), dict) else {}
        section[place[-1]] = value
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(whole, allow_unicode=True))
    try:
        told = str(load(file, {"SET": "feather"}).channels)
    except ConfigError as error:
        told = str(error.problems)
    assert re.search(r"[a-z]", told)
    assert "feather" not in told


# The example


def uncommented(text: str) -> str:
    """The text with every line of YAML that is commented out taken in."""
    return re.sub(r"^( *)# ( *(?!yaml-language-server)[\w-]+:(?: .*)?)$", r"\1\2", text, flags=re.MULTILINE)


def test_the_example_loads_as_it_stands_with_nobody_to_tell_but_the_site() -> None:
    settings = load(EXAMPLE, {})
    assert settings.contact == EXAMPLE_CONTACT
    assert settings.subscribers == {}
    assert settings.channels == {}
    assert settings.categories == ("cs.AI", "cs.CL", "cs.CV")
    assert settings.arxiv == ArxivSettings()


def test_the_example_with_all_its_subscribers_loads(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    before, subscribers, after = EXAMPLE.read_text().partition("\nsubscribers:\n")
    section, site, rest = after.partition("\nsite:\n")
    file.write_text(before + subscribers + uncommented(section) + site + rest)
    settings = load(
        file,
        {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "ZOTERO_KEY": "word",
            "DISCORD_BOT_TOKEN": "dove",
            "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T01/B01/abc",
            "DISCORD_WEBHOOK_URL": "https://discord.com/api/webhooks/123456789012345678/abc",
            "MATTERMOST_WEBHOOK_URL": "https://chat.example.org/hooks/abc",
        },
    )
    assert list(settings.subscribers) == [
        "vision-lab",
        "lab-hook",
        "ada",
        "lab-mattermost",
        "reading-grp",
        "papers-forum",
        "their-hook",
        "alice",
        "bob",
        "vision-lab-liked",
        "seminar",
    ]


def keys(kind: type[Any], *, but: tuple[str, ...] = ()) -> set[str]:
    return {field.name for field in fields(kind)} - set(but)


@pytest.mark.parametrize(
    ("said", "at", "on"),
    [
        ("digest: weekly", time(9), {4}),
        ('digest: weekly, at: "07:30"', time(7, 30), {4}),
        ('digest: weekly, at: "07:30", on: [mon]', time(7, 30), {0}),
        ("digest: weekly, on: [mon]", time(9), {0}),
    ],
)
def test_a_weekly_digest_comes_on_friday_unless_it_is_said(tmp_path: Path, said: str, at: time, on: set[int]) -> None:
    fragment = f"subscribers: {{loft: {{slack: C0123456789, topics: [birds], {said}}}}}"
    loft = settings_of(tmp_path, fragment).subscribers["loft"]
    assert (loft.at, set(loft.on), loft.is_weekly) == (at, on, True)


@pytest.mark.parametrize(
    ("said", "on"), [("digest: liked", {4}), ("digest: liked, on: [mon, thu]", {0, 3}), ("digest: weekly", None)]
)
def test_what_was_liked_comes_on_friday_or_on_the_weekdays_that_are_said(
    tmp_path: Path, said: str, on: set[int] | None
) -> None:
    fragment = f"subscribers: {{loft: {{slack: C0123456789, topics: [birds], {said}}}}}"
    loft = settings_of(tmp_path, fragment).subscribers["loft"]
    assert loft.votes_of == (("loft",) if on else ())
    assert loft.at == time(9)
    assert on is None or loft.on == on


def test_votes_are_of_all_subscribers_with_the_same_destination(tmp_path: Path) -> None:
    fragment = """
channels: {slack: {token: word}, mail: {host: localhost, sender: p@example.edu}}
subscribers:
  lab: {slack: C0123456789, topics: [birds]}
  lab-liked: {slack: C0123456789, topics: [birds], digest: liked}
  other: {slack: C0000000009, topics: [birds]}
  ada: {mail: ada@example.edu, topics: [birds]}
  both: {mail: [ada@example.edu, bo@example.edu], topics: [birds]}
  both-liked: {mail: [bo@example.edu, ada@example.edu], topics: [birds], digest: liked}
"""
    found = settings_of(tmp_path, fragment).subscribers
    votes = {name: each.votes_of for name, each in found.items() if each.liked}
    assert votes == {"lab-liked": ("lab", "lab-liked"), "both-liked": ("both", "both-liked")}


@pytest.mark.parametrize(
    ("channel", "said", "room"),
    [
        ("mail: a@example.edu", "", (1, 20)),
        ("slack: C0123456789", "", (4, 20)),
        ("slack: C0123456789", "max_messages: 10", (10, None)),
        ("mail: a@example.edu", "full: 5", (1, 5)),
        ("mail: a@example.edu", "max_messages: 3, full: 5", (3, 5)),
    ],
)
def test_how_much_a_digest_shows_where_it_is_not_said(
    tmp_path: Path, channel: str, said: str, room: tuple[int, int | None]
) -> None:
    channels = "channels: {slack: {token: word}, mail: {host: localhost, sender: p@example.edu}}"
    wishes = f", {said}" if said else ""
    fragment = f"{channels}\nsubscribers: {{loft: {{{channel}, topics: [birds]{wishes}}}}}"
    loft = settings_of(tmp_path, fragment).subscribers["loft"]
    assert (loft.max_messages, loft.full) == room


NOT_IN_THE_FILE = ("name", "resumes_at", "channel", "addresses", "options", "suppressed", "unconfirmed", "revision")
"""Of a subscriber, what its key, its address or the store says."""


def test_the_example_has_every_key_there_is_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(uncommented(EXAMPLE.read_text()))
    values = yaml_file.read(file).values
    found = cast("dict[str, Any]", values)
    assert set(found) == keys(Settings, but=("self_service_categories",))
    assert set(found["arxiv"]) == keys(ArxivSettings)
    assert set(found["site"]) == keys(SiteSettings)
    assert set(found["web"]) == keys(WebSettings)
    assert set(found["topics"]["mllm"]) == keys(Topic, but=("name",))
    assert set(found["channels"]) == set(CHANNELS)
    for name, kind in CHANNELS.items():
        assert set(found["channels"][name]) == keys(kind.Settings)
    options = {key for kind in CHANNELS.values() for key in keys(kind.Options)}
    used = {key for subscriber in found["subscribers"].values() for key in subscriber}
    assert used == keys(Subscriber, but=(*NOT_IN_THE_FILE, "votes_of")) | set(CHANNELS) | options | {"digest"}


def test_what_the_example_shows_as_a_default_is_the_default(tmp_path: Path) -> None:
    shown = load(EXAMPLE, {})
    settings = settings_of(tmp_path, "topics: {mllm: {categories: [cs.CV, cs.CL, cs.AI]}}\n-subscribers")
    assert shown.keep_days == settings.keep_days
    for key in keys(Topic, but=("name", "title", "categories", "keywords")):
        assert getattr(shown.topics["mllm"], key) == getattr(settings.topics["mllm"], key)
    channels = cast("dict[str, Any]", yaml_file.read(EXAMPLE).values)["channels"]
    for name, kind in CHANNELS.items():
        for key, value in channels[name].items():
            assert key == "token" or str(getattr(kind.Settings(), key)) == value


def test_a_library_is_found_beside_the_file_and_its_key_is_a_secret(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        """
contact: us@example.net
topics: {birds: {categories: [cs.CV], order: learned}}
channels: {slack: {token: xoxb-1}}
subscribers:
  loft:
    slack: C0123456789
    topics: [birds]
    picks: 5
    interest: {bibtex: refs.bib, zotero: {group: 7, key: "${KEY}"}}
"""
    )

    loft = load(tmp_path / "config.yaml", {"KEY": "P9NiFoyLeZu2bZNvvuQPDWsd"}).subscribers["loft"]

    assert loft.picks == 5
    assert loft.interest is not None
    assert loft.interest.zotero is not None
    assert (loft.interest.bibtex, loft.interest.ris) == (tmp_path / "refs.bib", None)
    assert (loft.interest.zotero.path, loft.interest.zotero.cache) == ("groups/7", tmp_path / "zotero.ris")
    assert loft.interest.zotero.key.reveal() not in repr(loft)
