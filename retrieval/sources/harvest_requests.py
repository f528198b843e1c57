"""Asks an OAI-PMH server, politely and warily: one request at a time, within bounds of size and time.

Protocol: https://www.openarchives.org/OAI/openarchivesprotocol.html, with its implementation guidelines
on flow control (503 with Retry-After).
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from urllib.parse import urlsplit

import httpx
from lxml import etree
from lxml.etree import _Element

from retrieval.errors import SourceError
from retrieval.sources.harvest_store import OAI, parse_reply

MOST_BYTES = 64_000_000
"""Of one reply, unpacked."""
MOST_SECONDS = 300.0
"""For one reply to come in."""
LONGEST_WAIT = 600.0
"""That a server may ask for before the next try."""
TRIES = 4
MOST_REDIRECTS = 5
_PAUSES = (1.0, 5.0, 20.0)
"""Seconds before another try, where the server does not say."""
_SPACE = f"{{{OAI}}}"


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """The server answered with an OAI-PMH error: its code and what it said."""

    code: str
    said: str


class _Again(Exception):
    """A failure that may pass; `seconds` is how long the server asks to wait, None where it does not say."""

    def __init__(self, problem: str, seconds: float | None = None) -> None:
        super().__init__(problem)
        self.seconds = seconds


class OaiServer:
    """One server, by its base URL. Use it in a `with`."""

    def __init__(self, url: str, pause: Callable[[float], None] = time.sleep) -> None:
        """`pause` waits for seconds. Raises SourceError for an address that is none."""
        self.url = url
        self._pause = pause
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceError(url, "is no address of a server", remedy="give one with http:// or https://")
        self._may_be_private = _is_private(parts.hostname)
        agent = f"reading-room/{version('reading-room')} (OAI-PMH harvester)"
        self._client = httpx.Client(timeout=60.0, headers={"User-Agent": agent}, follow_redirects=False)

    def __enter__(self) -> OaiServer:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def ask(self, **arguments: str) -> tuple[bytes, _Element]:
        """The reply to one request, as sent and as parsed.

        Raises Refusal for an OAI-PMH error, SourceError when no usable reply came after some tries.
        """
        for number in range(TRIES):
            try:
                content = self._fetch(arguments)
                return content, self._parse(content)
            except _Again as problem:
                seconds = problem.seconds if problem.seconds is not None else _PAUSES[min(number, 2)]
                if number == TRIES - 1 or seconds > LONGEST_WAIT:
                    raise SourceError(
                        self.url, str(problem), remedy="run the refresh again later: it goes on from here"
                    ) from problem
                self._pause(seconds)
        raise AssertionError("not reached")

    def _fetch(self, arguments: Mapping[str, str]) -> bytes:
        url, given = httpx.URL(self.url), dict(arguments)
        for _ in range(MOST_REDIRECTS + 1):
            try:
                with self._client.stream("GET", url.copy_merge_params(given)) as response:
                    if not response.is_redirect:
                        return self._read(response)
                    target = url.join(response.headers["location"])
            except httpx.HTTPError as problem:
                raise _Again(f"cannot be reached: {problem or type(problem).__name__}") from problem
            except httpx.InvalidURL as problem:
                raise SourceError(self.url, f"sends on to no address: {problem}") from problem
            url, given = self._follow(target), {}
        raise SourceError(
            self.url, f"sends on more than {MOST_REDIRECTS} times", remedy="give its final address"
        )

    def _follow(self, target: httpx.URL) -> httpx.URL:
        """Where a redirect leads. Raises SourceError for a place that a public server must not lead to."""
        if target.scheme not in ("http", "https") or not target.host:
            raise SourceError(self.url, f"sends on to {str(target)[:200]!r}, which is no web address")
        if _is_private(target.host) and not self._may_be_private:
            raise SourceError(
                self.url,
                f"sends on to {target.host}, a private address",
                remedy="give that address yourself, if it is meant",
            )
        return target

    def _read(self, response: httpx.Response) -> bytes:
        if response.status_code in (429, 500, 502, 503, 504):
            wait = _read_wait(response.headers.get("retry-after", ""))
            raise _Again(f"answers {response.status_code}, {response.reason_phrase or 'try later'}", wait)
        content, ends = bytearray(), time.monotonic() + MOST_SECONDS
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > MOST_BYTES:
                raise SourceError(
                    self.url,
                    f"sends more than {MOST_BYTES // 10**6} MB at once",
                    remedy="harvest a set of it",
                )
            if time.monotonic() > ends:
                raise _Again(f"takes longer than {MOST_SECONDS:.0f} s for one reply")
        if response.status_code != 200 and b"OAI-PMH" not in content[:2000]:
            raise SourceError(
                self.url, f"answers {response.status_code}", remedy="check the address in a browser"
            )
        return bytes(content)

    def _parse(self, content: bytes) -> _Element:
        try:
            root = parse_reply(content)
        except etree.XMLSyntaxError as problem:
            start = " ".join(content[:80].decode("utf-8", "replace").split())
            if "<html" in content[:1000].decode("utf-8", "replace").lower():
                raise self._refuse_page(start) from problem
            raise _Again(f"sends XML that is cut off or damaged: {problem.msg}") from problem
        if not str(root.tag).endswith("OAI-PMH"):
            raise self._refuse_page(f"<{etree.QName(root).localname}>")
        for error in root.iterfind(f"{_SPACE}error"):
            raise Refusal(error.get("code", ""), " ".join("".join(map(str, error.itertext())).split()))
        return root

    def _refuse_page(self, found: str) -> SourceError:
        return SourceError(
            self.url,
            f"expected an OAI-PMH reply, found {found!r}",
            remedy="give the base URL of the OAI-PMH interface; it often ends in /oai",
        )


def _is_private(host: str) -> bool:
    """Whether a host is on this machine or in a private network; one that cannot be found is not."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return any(not ipaddress.ip_address(str(address).partition("%")[0]).is_global for address in found)


def _read_wait(text: str) -> float | None:
    """Seconds of a Retry-After header, which may be a date; None where it says nothing usable."""
    if text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
