"""A small OAI-PMH server on this machine that can be told to fail in the ways real ones do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

DC = (
    '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title>'
    "<dc:identifier>http://harbour.example/{number}</dc:identifier></oai_dc:dc>"
)
Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Repository:
    """Records by number: (title, None for a deleted one; datestamp). `asked` are the requests so far.

    `faults` answer a request instead, the first whose words are all in the query, once each.
    """

    page: int = 2
    grain: str = "YYYY-MM-DDThh:mm:ssZ"
    now: str = "2026-01-01T00:00:00Z"
    records: dict[int, tuple[str | None, str]] = field(default_factory=dict)
    faults: list[tuple[str, Reply]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    lives: int = 0

    def put(self, number: int, title: str | None, datestamp: str) -> None:
        """Add, change or delete a record."""
        self.records[number] = (title, datestamp)

    def answer(self, query: str) -> Reply:
        """The reply to a request."""
        self.asked.append(query)
        for fault in self.faults:
            if fault[0] in query:
                self.faults.remove(fault)
                return fault[1]
        given = {name: values[0] for name, values in parse_qs(query).items()}
        if given.get("verb", "") == "Identify":
            return self._wrap(f"<Identify><granularity>{self.grain}</granularity></Identify>")
        token = given.get("resumptionToken", "")
        if token and not token.startswith(f"{self.lives} "):
            return self._wrap('<error code="badResumptionToken">expired</error>')
        since, start = (token.split()[1], int(token.split()[2])) if token else (given.get("from", "-"), 0)
        if since != "-" and ("T" in since) != ("hh" in self.grain):
            return self._wrap('<error code="badArgument">granularity</error>')
        found = [
            number for number, (_, stamp) in sorted(self.records.items()) if since == "-" or stamp >= since
        ]
        if not found:
            return self._wrap('<error code="noRecordsMatch">none</error>')
        listed = "".join(self._render(number) for number in found[start : start + self.page])
        more = start + self.page < len(found)
        going_on = f"{self.lives} {since} {start + self.page}" if more else ""
        tail = f"<resumptionToken>{going_on}</resumptionToken>" if start or more else ""
        return self._wrap(f"<ListRecords>{listed}{tail}</ListRecords>")

    def _render(self, number: int) -> str:
        title, stamp = self.records[number]
        head = f"<identifier>oai:harbour:{number}</identifier><datestamp>{stamp}</datestamp>"
        if title is None:
            return f'<record><header status="deleted">{head}</header></record>'
        return f"<record><header>{head}</header><metadata>{DC.format(title=title, number=number)}</metadata></record>"

    def _wrap(self, body: str) -> Reply:
        text = (
            '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
            f"<responseDate>{self.now}</responseDate><request>http://harbour.example/oai</request>{body}</OAI-PMH>"
        )
        return 200, {"Content-Type": "text/xml"}, text.encode()


@contextmanager
def serve(answer: Callable[[str], Reply]) -> Iterator[str]:
    """The base URL of a server that answers queries by `answer`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(urlsplit(self.path).query)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/oai"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
