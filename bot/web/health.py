"""Whether all is well, for a monitor: the store can be read, the last mailing is in or not late, chats are heard."""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.arxiv import calendar
from bot.collect import backlog
from bot.errors import StoreError
from bot.report.chat_outages import chat_outages
from bot.web.page import Document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.web.page import PageRequest

_LOOK_BACK = timedelta(days=7)


def health(request: PageRequest) -> Document:
    """Answers in JSON with 200 if all is well, else with 503 and the reason."""
    try:
        mailing, late, readers = _last_mailing(request), _late(request), request.readers
        outages = [each.sentence for each in chat_outages(readers.store, readers.settings, request.now)]
    except StoreError as error:
        return _document({"reason": f"the store cannot be used: {error.reason}"})
    reason = "; ".join(filter(None, (late, *outages)))
    return _document({"mailing": mailing, **({"reason": reason} if reason else {})})


def _last_mailing(request: PageRequest) -> Mapping[str, object] | None:
    """The states of the newest mailing that was asked for, by category."""
    records = request.readers.store.papers.mailings_since(calendar.mailing_date(request.now) - _LOOK_BACK)
    if not records:
        return None
    day = records[-1].mailing_date
    states = {r.category: {"state": r.state.value, "reason": r.reason} for r in records if r.mailing_date == day}
    return {"date": day.isoformat(), "categories": states}


def _late(request: PageRequest) -> str:
    settings = request.readers.settings
    late = backlog.late(
        request.readers.store.papers, settings.categories, request.now, after=settings.arxiv.alert_after
    )
    return "; ".join(
        f"the mailing of {category} for {records[-1].mailing_date:%Y-%m-%d} is late: {records[-1].reason}"
        for category, records in sorted(late.items())
    )


def _document(found: Mapping[str, object]) -> Document:
    status = HTTPStatus.SERVICE_UNAVAILABLE if "reason" in found else HTTPStatus.OK
    whole = {"status": "failing" if "reason" in found else "ok", **found}
    return Document((json.dumps(whole, indent=2) + "\n").encode(), "application/json", status=status)
