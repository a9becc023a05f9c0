"""The throughput benchmarks run, at a size at which their figures mean nothing."""

from __future__ import annotations

import pytest

from tests.bench import chat, mail

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
