"""Suggests a time zone for a name that is none: by city, country, abbreviation or similar spelling.

Cities without a zone of their own are in `cities.tab` beside this module; the zones of a country are in the tables of
the time zone database: https://data.iana.org/time-zones/tzdb/theory.html#naming.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from importlib.resources import files
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from bot.text import some

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(0?[0-9]|1[0-4])(?::?00)?", re.IGNORECASE)
_SIMILAR = 0.8
_DATABASE, _TABLE = files("tzdata") / "zoneinfo", files("bot.config") / "cities.tab"
_FEW = 6


def hint(name: str) -> str:
    """The end of the message "no such time zone": what was probably meant."""
    offset = _OFFSET.fullmatch(name)
    if offset:
        # these names count hours west of Greenwich: https://data.iana.org/time-zones/tzdb/etcetera
        fixed = f"Etc/GMT{'-' if offset[1] == '+' else '+'}{int(offset[2])}"
        if fixed in available_timezones():
            return f": a city is expected, like Europe/Berlin, or all year round {fixed}"
    found = _meant(name)
    if not found:
        return ": a name like Europe/Berlin is expected, of a large city with the same time"
    return f": did you mean {found[0]}?" if len(found) == 1 else f": one of {some(found, _FEW)} is expected"


def _meant(name: str) -> tuple[str, ...]:
    """The zones of the city, country or abbreviation, else those with a similar spelling."""
    zones, places = _zones(), {**_countries(), **_last_parts(), **_cities()}
    whole, place = _folded(name), _folded(name.rpartition("/")[2])
    if whole in zones or place in places:
        return zones.get(whole) or places[place]
    # the area ("Europe/") would make any two of its cities similar
    for known, text in ((zones, whole if "/" not in name else ""), (places, place)):
        near = difflib.get_close_matches(text, known, n=1, cutoff=_SIMILAR) if not any(map(str.isdigit, text)) else []
        if near:
            return known[near[0]]
    return ()


def _folded(name: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(re.split(r"[\s_.-]+", plain.replace("ø", "o").casefold().strip()))


def _zones() -> dict[str, tuple[str, ...]]:
    return {_folded(zone): (zone,) for zone in sorted(available_timezones())}


def _cities() -> dict[str, tuple[str, ...]]:
    return {_folded(city): (zone,) for zone, cities in _rows(_TABLE) for city in cities.split(", ")}


def _last_parts() -> dict[str, tuple[str, ...]]:
    """The cities after which zones are named; for a zone with several names, the one in the tables."""
    current = [zone for zones in _by_country().values() for zone in zones]
    return {
        _folded(zone.rpartition("/")[2]): (zone,)
        for zone in (*sorted(available_timezones()), *current)
        if "/" in zone and not zone.startswith(("Etc/", "US/", "posix/", "right/"))
    }


def _countries() -> dict[str, tuple[str, ...]]:
    """Each country, by its name and its code, with its zones."""
    by_country = _by_country()
    return {
        _folded(name): by_country[code]
        for code, whole in _rows(_DATABASE / "iso3166.tab")
        for name in (whole, *re.split(r" \(|\)| & ", whole), code, *_ALSO.get(code, ()))
        if name and code in by_country
    }


_ALSO = {
    "US": ("USA", "United States of America", "America"),
    "GB": ("UK", "England", "Scotland", "Wales", "Great Britain"),
    "DE": ("Deutschland",),
    "KR": ("Korea", "South Korea"),
    "KP": ("North Korea",),
    "CI": ("Ivory Coast",),
    "CD": ("DR Congo",),
    "RU": ("Russian Federation",),
    "VN": ("Viet Nam",),
    "NL": ("Holland", "The Netherlands"),
    "AE": ("UAE",),
    "CZ": ("Czechia",),
    "CH": ("Schweiz", "Suisse"),
    "ES": ("España",),
    "AT": ("Österreich",),
    "TR": ("Türkiye",),
    "BR": ("Brasil",),
}
"""Other names of countries than those in the table."""


def _by_country() -> dict[str, tuple[str, ...]]:
    """The zones by country code, those with large cities first."""
    large = {zone for zone, _ in _rows(_TABLE)}
    found: dict[str, list[str]] = {}
    for code, _, zone, *_ in _rows(_DATABASE / "zone.tab"):
        found.setdefault(code, []).append(zone)
    return {code: tuple(sorted(zones, key=lambda zone: zone not in large)) for code, zones in found.items()}


def _rows(table: Traversable) -> list[list[str]]:
    lines = table.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]
