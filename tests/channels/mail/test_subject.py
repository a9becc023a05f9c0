"""What a refusal speaks of, in the words of the relays that people use. No reply here makes a digest die wrongly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.mail.subject import END_OF_DATA, Subject, enhanced_code, subject_of

CONTENT, RECIPIENT, RELAY = Subject.CONTENT, Subject.RECIPIENT, Subject.RELAY
HELLO, SENDER, LOGIN = Subject.HELLO, Subject.SENDER, Subject.LOGIN


@pytest.mark.parametrize(
    ("code", "text", "subject"),
    [
        # Postfix and what filters say through it
        (554, "5.6.0 Message rejected: malformed MIME", CONTENT),
        (552, "5.3.4 Message size exceeds fixed limit", CONTENT),
        (554, "5.7.1 Spam message rejected", CONTENT),
        (554, "5.7.1 Blocked by SpamAssassin", CONTENT),
        (550, "5.7.1 virus Eicar-Test found", CONTENT),
        (554, "5.7.1 Service unavailable; Client host [5.7.1.9] blocked using zen.spamhaus.org", RELAY),
        (550, "5.7.1 Recipient (address) over the daily limit of your account", RELAY),
        # Exim
        (550, "This message was classified as SPAM and may not be delivered", CONTENT),
        (550, "maximum allowed line length is 998 octets, got 1203", CONTENT),
        (552, "Message size exceeds maximum permitted", CONTENT),
        (550, "Sender verify failed", SENDER),
        (550, "relay not permitted", LOGIN),
        # Exchange
        (554, "5.2.252 SendAsDenied; (address) is not allowed to send as (address)", SENDER),
        (550, "5.7.60 SMTP; Client does not have permissions to send as this sender", SENDER),
        (550, "5.7.57 Client not authenticated to send mail", LOGIN),
        (550, "5.7.501 Access denied, spam abuse detected from this tenant", RELAY),
        (550, "5.7.705 Access denied, tenant has exceeded threshold", RELAY),
        (550, "5.1.8 Access denied, bad outbound sender", SENDER),
        (550, "5.1.10 RESOLVER.ADR.RecipientNotFound", RECIPIENT),
        (550, "5.7.133 sender not authenticated for group", RECIPIENT),
        (550, "5.7.350 Remote server returned message detected as spam", CONTENT),
        (550, "5.6.11 SMTPSEND.BareLinefeedsAreIllegal", CONTENT),
        # Gmail
        (550, "5.4.5 Daily user sending limit exceeded", RELAY),
        (550, "5.7.1 Our system has detected that this message is likely unsolicited mail", CONTENT),
        (550, "5.7.1 an unusual rate of unsolicited mail originating from your IP address", RELAY),
        (550, "5.7.1 this message is suspicious due to the very low reputation of the sending domain", SENDER),
        (550, "5.7.26 This mail has been blocked because the sender is unauthenticated", SENDER),
        (550, "5.7.28 There is an unusual rate of unsolicited mail containing spam links", RELAY),
        (552, "5.7.0 blocked because its content presents a potential security issue", CONTENT),
        (552, "5.2.3 Your message exceeded the size limits", CONTENT),
        (552, "5.2.2 The account that you tried to reach is over quota", RECIPIENT),
        # SES, SendGrid, Mailgun and others of their kind
        (554, "Message rejected: Email address is not verified. The following identities failed", SENDER),
        (554, "Sending paused for this account", RELAY),
        (554, "Transaction failed: Duplicate header 'Subject'", CONTENT),
        (550, "The from address does not match a verified Sender Identity", SENDER),
        (550, "Maximum credits exceeded", RELAY),
        (550, "5.7.1 Sandbox subdomains are for test purposes only", RELAY),
        (554, "Domain birds.example is disabled", RELAY),
        (550, "5.7.13 user account disabled", LOGIN),
        (535, "you are not logged in", LOGIN),
        # in words of their own
        (550, "5.7.1 This From: header is not allowed for your login", SENDER),
        (550, "Envelope blocked - header from is spoofed", SENDER),
        (552, "Requested mail action aborted: exceeded storage allocation", RECIPIENT),
        (552, "the mailbox is full", RECIPIENT),
        (550, "5.7.0 Message Size Violation", CONTENT),
        (552, "5.7.0 executable files are not allowed", CONTENT),
        (550, "Message contains forbidden word", CONTENT),
        (554, "Rejected by policy: file type", CONTENT),
        (554, "Your plan's monthly email allowance is used up", RELAY),
        (550, "No valid PTR record for 192.0.2.7", RELAY),
        (554, "5.7.5 no DKIM signature", SENDER),
    ],
)
def test_after_the_dot_only_words_about_this_mail_are_about_this_mail(code: int, text: str, subject: Subject) -> None:
    assert subject_of(END_OF_DATA, code, text).subject is subject


@pytest.mark.parametrize(
    "text", ["Administrative prohibition", "5.7.1 Message rejected due to local policy", "", "5.0.0 no"]
)
def test_what_names_nothing_after_the_dot_is_the_relays_and_not_certain(text: str) -> None:
    found = subject_of(END_OF_DATA, 554, text)
    assert (found.subject, found.certain) == (RELAY, False)


def test_a_filter_that_speaks_of_the_sender_is_not_certain() -> None:
    found = subject_of(END_OF_DATA, 550, "5.7.1 spam: poor sender score")
    assert (found.subject, found.certain) == (SENDER, False)
    assert subject_of(END_OF_DATA, 550, "5.7.1 unknown sender").certain


@pytest.mark.parametrize(
    ("code", "text", "subject"),
    [
        (504, "5.5.2 <bot>: Helo command rejected: need fully-qualified hostname", HELLO),
        (450, "4.7.1 <bot>: Helo command rejected: Host not found", HELLO),
        (550, "Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", HELLO),
        (553, "5.7.1 (address): Sender address rejected: not owned by user bot", SENDER),
        (550, "5.1.0 (address): Sender address rejected: User unknown in virtual mailbox table", SENDER),
        (450, "4.1.8 (address): Sender address rejected: Domain not found", SENDER),
        (550, "5.1.8 unknown domain", SENDER),
        (550, "Verification failed for (address)", SENDER),
        (554, "5.7.1 (address): Relay access denied", LOGIN),
        (550, "5.7.1 Unable to relay", LOGIN),
        (530, "5.7.0 must issue a STARTTLS command first", LOGIN),
        (550, "5.7.1 you may not", LOGIN),
        (550, "rejected because 192.0.2.7 is in a black list at zen.spamhaus.org", RELAY),
        (550, "your account is not allowed to send more", RELAY),
        (554, "5.7.1 (address): Recipient address rejected: Access denied", RECIPIENT),
        (550, "5.7.1 only members of the group may write", RECIPIENT),
        (550, "No such user here", RECIPIENT),
        (550, "account suspended", RECIPIENT),
        (552, "Quota exceeded, mailbox is full", RECIPIENT),
        (550, "5.7.13 account disabled", RECIPIENT),
        (550, "5.4.1 Access denied", RECIPIENT),
    ],
)
def test_at_rcpt_a_mailbox_is_blamed_unless_something_of_ours_is_named(
    code: int, text: str, subject: Subject
) -> None:
    assert subject_of("RCPT", code, text).subject is subject


@pytest.mark.parametrize(
    ("step", "text", "subject"),
    [
        ("EHLO", "who?", HELLO),
        ("HELO", "who?", HELLO),
        ("MAIL", "no", SENDER),
        ("MAIL", "5.5.2 bad HELO", HELLO),
        ("DATA", "5.5.1 no valid recipients", RECIPIENT),
        ("DATA", "no", RECIPIENT),
        ("DATA", "5.6.7 not in this form", CONTENT),
        ("STARTTLS", "no", RELAY),
    ],
)
def test_else_the_step_says_it(step: str, text: str, subject: Subject) -> None:
    assert subject_of(step, 550, text).subject is subject


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("5.7.1 no", "5.7.1"),
        ("first line\n5.7.26 second", "5.7.26"),
        ("ends with 5.7.1.", "5.7.1"),
        ("blocked 5.7.1.12", ""),
        ("at 192.5.7.1", ""),
        ("5.1234.1", ""),
    ],
)
def test_an_address_of_the_net_is_no_enhanced_code(text: str, code: str) -> None:
    assert enhanced_code(text) == code


@given(st.sampled_from(["EHLO", "MAIL", "RCPT", "DATA", END_OF_DATA]), st.integers(), st.text())
def test_every_text_is_about_something(step: str, code: int, text: str) -> None:
    assert subject_of(step, code, text).subject in Subject
