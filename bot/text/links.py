"""Finds links to a paper's code, data and project page in its abstract and comment.

Pure. The text is untrusted: only plain http(s) links to a named host are taken. If the host is not in the list of
well-known ones, the label names it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.model import Link
from bot.text import latex

MOST = 5
"""The most links of one paper; of 6,300 real papers none had more."""
LONGEST = 200
"""The most characters of a URL; a longer one cannot be checked by a reader."""

_CODE, _DATA, _MODEL, _PROJECT = "code", "data", "model", "project"
_HOSTS = {
    _CODE: r"(?:(?:www|gist)\.)?github\.com|gitlab\.(?:com|inria\.fr)|(?:git\.)?codeberg\.org|bitbucket\.org"
    r"|anonymous\.4open\.science",
    _DATA: r"(?:www\.)?(?:kaggle\.com|zenodo\.org|figshare\.com|osf\.io|datadryad\.org|dataverse\.harvard\.edu)",
    _MODEL: r"huggingface\.co|hf\.co",
    _PROJECT: r"[\w-]+\.(?:github|gitlab|codeberg)\.(?:io|page)|sites\.google\.com|[\w-]+(?:\.static)?\.hf\.space",
}
_KNOWN = {kind: re.compile(hosts) for kind, hosts in _HOSTS.items()}
_BARE = (
    r"(?:(?:www\.)?(?:github\.com|gitlab\.com|huggingface\.co|zenodo\.org)|osf\.io|(?:doi\.org/)?10\.5281/zenodo"
    r"|[\w-]+\.github\.io)(?![\w-])"
)
_URL = re.compile(rf"(?<![\w/@.-])(?:https?://|(?={_BARE}))[^\s<>\"`{{}}|\\^\[\]—’”]+", re.IGNORECASE)
_PARTS = re.compile(r"https?://(?P<host>(?:[a-z0-9-]+\.)+[a-z]{2,24})(?P<path>(?:[/?#][!-?A-~]*)?)", re.IGNORECASE)
"""A host by its name, no user, no port, and only what ASCII can print, but for what pings: `/@everyone`."""
_CLOSING = re.compile(r"(?:'s|[.,;:!?'*_~$]|[^\x00-\x7f])+$")
_REST = re.compile(r"[ ](?P<rest>[A-Za-z0-9][\w-]*(?:[./][\w-]+)*)(?P<ends>[.,;:)]*(?:\s*$|[.,;:)]\s))?")
"""What may be the rest of a URL that was broken at a blank, and whether that part of the sentence ends there too."""
_DEEP = re.compile(r"[\w-]+(?=[/\w-]*[\d_-])(?:/[\w-]+)+(?:\.\w+)?")
_NAMED = re.compile(r"(?=.*(?:[\d_/-]|[a-z][A-Z]))[\w/-]+")
"""A path, or a repository's name, as no word of a sentence is written."""
_DEEPEST = {"datasets": 3, "spaces": 3, "collections": 3}
_ARCHIVE = re.compile(r"/10\.(?:5281|6084|17605|5061|7910|57967)/")
"""DOIs of Zenodo, figshare, OSF, Dryad, Dataverse and Hugging Face."""
_OFFERED = re.compile(
    rf"\b(?:(?P<{_CODE}>code|codebase|implementation|software|repository)"
    rf"|(?P<{_DATA}>data|datasets?|benchmark)|(?P<{_MODEL}>weights|checkpoints|models?)"
    rf"|(?P<{_PROJECT}>project|websites?|web ?pages?|home ?page|demos?))\b",
    re.IGNORECASE,
)
_NEARBY = 60


@lru_cache(maxsize=4096)
def found(*texts: str | None) -> tuple[Link, ...]:
    r"""The links of a paper's abstract and comment, each once, in their order, at most `MOST`.

    Args:
        texts: as arXiv gives them: with TeX (`\url{}`, `\href{}{}{}`), or None where there is none.

    Returns:
        The label says what it is: code, data, model or project, with the host's name if it is not well known:
        `code (lab.example)`. Never a link to arXiv itself, never a file or page of unknown kind.
    """
    links: dict[str, Link] = {}
    for text in texts:
        flat = latex.flatten(text or "")
        for match in _URL.finditer(flat):
            written = _joined(match[0], flat, match.end())
            link = _link(written, flat[max(0, match.start() - _NEARBY) : match.start()]) if written else None
            if link and len(links) < MOST:
                links.setdefault(_key(link.url), link)
    return tuple(links.values())


def _joined(written: str, flat: str, end: int) -> str | None:
    """The URL, joined if a blank has certainly broken it; None if it may be broken and nothing decides it.

    Such a blank stands behind a hyphen, or behind the slash of a path that leads nowhere yet: `github.com/lab/`.
    """
    after = _REST.match(flat, end)
    if after is None or written[-1] not in "/-":
        return written
    rest, (host, *path) = after["rest"], written.partition("://")[2].rstrip("/").split("/")
    if written[-1] == "/" and _DEEP.fullmatch(rest):
        return written + rest
    known = any(_KNOWN[kind].fullmatch(host.lower()) for kind in (_CODE, _MODEL))
    if written[-1] == "/" and (not known or len(path) >= _DEEPEST.get(path[0] if path else "", 2)):
        return written
    return written + rest if written[-1] == "/" and after["ends"] is not None and _NAMED.fullmatch(rest) else None


def _link(written: str, before: str) -> Link | None:
    if len(written) > 2 * LONGEST:
        return None
    url = _without_closing(written)
    if "://" not in url:
        url = f"https://doi.org/{url}" if url.startswith("10.") else f"https://{url}"
    parts = _PARTS.fullmatch(url)
    if not parts or len(url) > LONGEST or "xn--" in url.lower():
        return None
    host, path = parts["host"].lower(), parts["path"]
    if host.endswith("arxiv.org"):
        return None
    kind = next((kind for kind, hosts in _KNOWN.items() if hosts.fullmatch(host)), None)
    if kind:
        here = _kind(kind, path)
        return Link(here, url) if here else None
    if host in ("doi.org", "dx.doi.org"):
        return Link(_DATA, url) if _ARCHIVE.match(path) else None
    offered = list(_OFFERED.finditer(re.split(r"[.!?]\s|://\S*", before)[-1]))
    return Link(f"{offered[-1].lastgroup} ({host.removeprefix('www.')})", url) if offered else None


def _kind(kind: str, path: str) -> str | None:
    """What a well-known host has at this path, if it has anything there."""
    first = path.strip("/").partition("/")[0]
    if kind == _MODEL:
        return {"": None, "papers": None, "datasets": _DATA, "spaces": _PROJECT}.get(first, _MODEL)
    return kind if first or kind == _PROJECT else None


def _without_closing(url: str) -> str:
    """The URL without the punctuation of the sentence around it; a parenthesis that opens in it belongs to it."""
    while (shorter := _CLOSING.sub("", url)).endswith(")") and shorter.count(")") > shorter.count("("):
        url = shorter[:-1]
    return _CLOSING.sub("", url)


def _key(url: str) -> str:
    return url.partition("://")[2].lower().rstrip("/").removesuffix(".git")
