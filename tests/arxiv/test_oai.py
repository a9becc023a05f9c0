from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.arxiv import oai, taxonomy
from bot.arxiv.oai import RecordList, Version
from bot.errors import ParseError
from bot.model import Author, Paper

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <responseDate>2026-04-21T02:31:27Z</responseDate>
  <request verb="ListRecords" metadataPrefix="arXivRaw" set="cs:cs:CV">http://oaipmh.arxiv.org/oai</request>
"""
RECORDS = """  <ListRecords>
    <record>
      <header>
        <identifier>oai:arXiv.org:2604.90001</identifier>
        <datestamp>2026-04-21</datestamp>
        <setSpec>cs:cs:CV</setSpec>
      </header>
      <metadata>
        <arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/" xsi:schemaLocation="http://arxiv.org/OAI/arXivRaw.xsd">
          <id>2604.90001</id>
          <submitter>Ada Byron</submitter>
          <version version="v10"><date>Mon, 20 Apr 2026 17:59:59 GMT</date><size>9kb</size></version>
          <version version="v2"><date>Fri, 17 Apr 2026 18:00:00 +0200</date><size>9kb</size></version>
          <title>Pigeons Read Maps at $p &lt; 0.05$
  &amp; Like It</title>
          <authors>Ada Byron (Coop, Loft), Bo Chen and C\\'ecile Day</authors>
          <categories>cs.CV stat.ML</categories>
          <comments>12 pages</comments>
          <journal-ref>J. Homing 12</journal-ref>
          <doi>10.5555/pigeons.1</doi>
          <license>http://creativecommons.org/licenses/by/4.0/</license>
          <abstract><![CDATA[  Tokens such as <image> stay.
]]></abstract>
        </arXivRaw>
      </metadata>
    </record>
    <record>
      <header status="deleted">
        <identifier>oai:arXiv.org:2604.90002</identifier>
        <datestamp>2026-04-21</datestamp>
      </header>
    </record>
    <record>
      <header><identifier>oai:arXiv.org:math/9912999</identifier><datestamp>2026-04-20T09:00:00Z</datestamp></header>
      <metadata>
        <arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/">
          <id>math/9912999</id>
          <version version="v1"><date>Wed, 01 Dec 1999 08:00:00 GMT</date></version>
          <title>Der Täuberich</title><authors>Bo</authors><categories>math.DG</categories><abstract>Kurz.</abstract>
        </arXivRaw>
      </metadata>
    </record>
"""
ANSWER = f"{HEAD}{RECORDS}    <resumptionToken cursor='0'> next|7 </resumptionToken>\n  </ListRecords>\n</OAI-PMH>"
NO_RECORDS = f'{HEAD}  <error code="noRecordsMatch">none</error></OAI-PMH>'


def _but(old: str, new: str, text: str = ANSWER) -> bytes:
    assert old in text
    return text.replace(old, new, 1).encode()


def test_a_record_is_a_paper_with_its_history() -> None:
    harvest = oai.parse(ANSWER.encode())
    assert (harvest.responded_at, harvest.token) == (datetime(2026, 4, 21, 2, 31, 27, tzinfo=UTC), "next|7")
    assert harvest.unreadable == ()
    pigeons, old = harvest.records
    assert pigeons.paper == Paper(
        identifier="2604.90001",
        version=10,
        title="Pigeons Read Maps at $p < 0.05$ & Like It",
        abstract="Tokens such as <image> stay.",
        authors=(Author("Ada Byron", ("Coop", "Loft")), Author("Bo Chen"), Author("C\\'ecile Day")),
        categories=("cs.CV", "stat.ML"),
        license="http://creativecommons.org/licenses/by/4.0/",
        doi="10.5555/pigeons.1",
        journal_ref="J. Homing 12",
        comment="12 pages",
    )
    assert pigeons.versions == (
        Version(2, datetime(2026, 4, 17, 16, tzinfo=UTC)),
        Version(10, datetime(2026, 4, 20, 17, 59, 59, tzinfo=UTC)),
    )
    assert (pigeons.datestamp, old.datestamp) == (date(2026, 4, 21), date(2026, 4, 20))
    assert (old.paper.identifier, old.paper.title, old.paper.comment) == ("math/9912999", "Der Täuberich", None)


def test_namespaces_count_and_not_their_prefixes() -> None:
    stream = io.BytesIO()
    ET.ElementTree(ET.fromstring(ANSWER.encode())).write(stream, encoding="utf-8", xml_declaration=True)
    assert b"<ns0:OAI-PMH" in stream.getvalue()
    assert oai.parse(stream.getvalue()) == oai.parse(ANSWER.encode())


def test_another_namespace_is_not_arxivs() -> None:
    harvest = oai.parse(_but("http://arxiv.org/OAI/arXivRaw/", "http://arxiv.org/OAI/arXiv/"))
    assert [(item.where, item.reason) for item in harvest.unreadable] == [
        ("oai:arXiv.org:2604.90001", "no metadata in arXivRaw")
    ]


def test_the_xml_says_its_encoding_and_nobody_else() -> None:
    latin = ANSWER.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"').encode("latin-1")
    assert oai.parse(latin) == oai.parse(ANSWER.encode())
    with pytest.raises(ParseError, match="cut off or malformed"):
        oai.parse(ANSWER.encode("latin-1"))


@pytest.mark.parametrize("token", ["<resumptionToken/>", ""])
def test_without_a_token_that_is_all(token: str) -> None:
    assert oai.parse(_but("<resumptionToken cursor='0'> next|7 </resumptionToken>", token)).token is None


def test_no_records_match_is_an_empty_harvest() -> None:
    assert oai.parse(NO_RECORDS.encode()) == RecordList(datetime(2026, 4, 21, 2, 31, 27, tzinfo=UTC))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (_but("noRecordsMatch", "badResumptionToken", NO_RECORDS), "OAI-PMH error badResumptionToken: none"),
        (_but('code="noRecordsMatch"', "", NO_RECORDS), "OAI-PMH error without code"),
        (_but("<error", "<error code='badArgument'>x</error><error", NO_RECORDS), "OAI-PMH error badArgument"),
        (_but("Z</resp", "</resp"), "bears no date but 2026-04-21T02:31:27"),
        (_but("2026-04-21T02:31:27Z", "soon"), "bears no date but soon"),
        (_but("<responseDate>2026-04-21T02:31:27Z</responseDate>", ""), "bears no date but nothing"),
        (_but("2026-04-21T02:31:27Z", "0001-01-01T00:00:00+09:00"), "bears no date"),
        (f"{HEAD}</OAI-PMH>".encode(), "without ListRecords"),
        (f"{HEAD}<ListRecords/></OAI-PMH>".encode(), "a list without records"),
        (_but("2026-04-21T02:31:27Z", "9999-12-31T23:59:59Z"), "bears no date but 9999"),
        (_but("next|7", "n" * 4_001), "a resumption token of 4001 characters"),
        (_but('xmlns:xsi="http', 'xmlns:xsi="}http'), "the harvest is cut off or malformed"),
        (b"<rss/>", "no answer of OAI-PMH"),
        (ANSWER.replace("OAI/2.0/", "OAI/1.0/").encode(), "no answer of OAI-PMH"),
        (ANSWER.encode()[:900], "the harvest is cut off or malformed"),
        (ANSWER.replace("UTF-8", "no-such").encode(), "the harvest is cut off or malformed"),
        (b"<!doctype html><html></html>", "an HTML page, not a harvest"),
        (b"Rate limited", "no harvest but a text: Rate limited"),
        (b" \n", "an empty body"),
        (_but("<OAI-PMH", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><OAI-PMH'), "has a DOCTYPE"),
        (_but("<title>", "<title>" + "<i>" * 200_000), "nested more than 100 deep"),
    ],
)
def test_what_is_no_harvest_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        oai.parse(body)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<id>2604.90001<", "<id>nonsense<", "not an arXiv identifier: 'nonsense'"),
        ("<title>", "<titel/><title xmlns=''>", "no title"),
        ("<categories>cs.CV stat.ML<", "<categories> <", "no categories"),
        ('version="v10"', 'version="ten"', "no version but ten"),
        ("<version version=", "<version versio=", "no version but nothing"),
        ("Mon, 20 Apr 2026 17:59:59 GMT", "yesterday", "v10 is of no date: yesterday"),
        ("Mon, 20 Apr 2026 17:59:59 GMT", "", "v10 is of no date: nothing"),
        ("Mon, 20 Apr 2026 17:59:59 GMT", f"Mon, 20 Apr {'9' * 30} 17:59:59 GMT", "v10 is of no date: Mon, 20"),
        ("Mon, 20 Apr 2026 17:59:59 GMT", "Mon, 20 Apr 9999 17:59:59 GMT", "v10 is of no date: Mon, 20 Apr 9999"),
        ("<title>", f"<title>{'t' * 5_001}", "title of 50"),
        ("<datestamp>2026-04-21", "<datestamp>9999-04-21", "no datestamp but 9999"),
        ("<datestamp>2026-04-21", "<datestamp>2026", "no datestamp but 2026"),
        ("<datestamp>2026-04-21", "<datestamp>", "no datestamp but nothing"),
    ],
)
def test_a_record_that_lacks_something_is_kept_as_unreadable(old: str, new: str, reason: str) -> None:
    harvest = oai.parse(_but(old, new))
    assert [record.paper.identifier for record in harvest.records] == ["math/9912999"]
    (unreadable,) = harvest.unreadable
    assert unreadable.where == "oai:arXiv.org:2604.90001"
    assert unreadable.reason.startswith(reason)


def test_a_record_without_versions_or_name_is_known_by_its_place() -> None:
    body = f"{HEAD}<ListRecords><record><metadata/></record></ListRecords></OAI-PMH>".encode()
    assert oai.parse(body).unreadable[0].where == "record 1"
    gone = ANSWER.replace("<version version=", "<gone version=").replace("</version>", "</gone>")
    assert [item.reason for item in oai.parse(gone.encode()).unreadable] == ["no versions"] * 2


@given(st.binary(max_size=200) | st.integers(0, len(ANSWER)).map(lambda end: ANSWER.encode()[:end]))
def test_whatever_comes_only_a_parse_error_is_raised(body: bytes) -> None:
    with pytest.raises(ParseError):
        oai.parse(body if body != ANSWER.encode() else b"")


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("cs.CV", "cs:cs:CV"),
        ("cs.NA", "math:math:NA"),
        ("hep-th", "physics:hep-th"),
        ("math.MP", "physics:math-ph"),
        ("astro-ph.EP", "physics:astro-ph:EP"),
        ("physics.optics", "physics:physics:optics"),
        ("nlin.CD", "physics:nlin:CD"),
        ("stat.ML", "stat:stat:ML"),
        ("q-bio.BM", "q-bio:q-bio:BM"),
        ("q-fin.ST", "q-fin:q-fin:ST"),
        ("econ.EM", "econ:econ:EM"),
        ("eess.SP", "eess:eess:SP"),
    ],
)
def test_a_category_has_its_set(category: str, expected: str) -> None:
    assert oai.set_spec(category) == expected


def test_an_unknown_category_has_none() -> None:
    with pytest.raises(taxonomy.UnknownCategoryError):
        oai.set_spec("cs.XX")
