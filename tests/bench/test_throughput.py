"""The throughput benchmarks run, at a size at which their figures mean nothing."""

from __future__ import annotations

import pytest

from tests.bench import chat, deliver_scale, mail

pytestmark = pytest.mark.on_request


@pytest.mark.counterparts
def test_mail_is_measured_beside_aiosmtplib_and_smtp_source() -> None:
    table = mail.run(10, connections=2)
    assert "| smtp-sink | 10 " in table
    assert "| Postfix   | 10 " in table


def test_chat_is_measured_and_provokes_no_refusal() -> None:
    rows = [line.split("|")[1:-1] for line in chat.run(3).splitlines() if line.startswith(("| Slack", "| Discord"))]
    assert [(row[0].strip(), row[1].strip(), row[5].strip()) for row in rows] == [
        ("Slack", "9", "0"),
        ("Discord", "9", "0"),
    ]


def test_several_processes_deliver_all_there_is_in_each_of_three_ways() -> None:
    shown = deliver_scale.run(((0.02, 4),), (1, 2), lanes=40)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in shown.splitlines() if "0.02 s" in line]
    assert [(row[2], row[3]) for row in rows] == [
        (way, number) for way in ("all lanes", "own shards", "jobs") for number in ("1", "2")
    ]
    assert all(float(row[6]) > 0 for row in rows)
