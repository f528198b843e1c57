"""Text from records, models and patrons made harmless: nothing of it is ever markup.

What it becomes goes through Gradio's Markdown component as one line that starts with a block tag,
which Markdown passes on untouched; the component's own sanitiser then runs over it as well.
"""

from __future__ import annotations

import html
import re
from urllib.parse import quote, urlsplit

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\ufffe\uffff]"
    # Bidirectional overrides, embeddings and isolates can make text read as other than it is; the two
    # plain direction marks stay, for Hebrew and Arabic need them.
    "|[\u202a-\u202e\u2066-\u2069]|[\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """Text without terminal sequences, control characters and unseen direction changes."""
    return _UNSEEN.sub("", _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def escape(text: str) -> str:
    """Text as HTML that is safe in an element and in a quoted attribute, on one line."""
    # "%" because Gradio's Markdown puts its own blocks in place of "%%%LATEX_BLOCK_0%%%".
    return html.escape(" ".join(clean(text).split())).replace("%", "&#37;")


def escape_lines(text: str) -> str:
    """Like `escape`, with line breaks kept as <br>."""
    lines = [escape(line) for line in clean(text).split("\n")]
    return "<br>".join(lines).strip()


def isolate(text: str) -> str:
    """Record text in an element of its own direction, so that mixed scripts do not disturb the line."""
    return f"<bdi>{escape(text)}</bdi>"


def local_address(url: str) -> str:
    """A record page's address relative to this page, whatever host the gateway was asked by; "" if none."""
    path = urlsplit(url).path.lstrip("/")
    found = re.search(r"(?:^|/)(records/.+)$", path)
    return escape(quote(found[1], safe="/%-._~:@!$'()*+,;=")) if found else ""


def outside_address(url: str) -> str:
    """A catalogue's address when it is plain http(s), escaped for an attribute; else ""."""
    cleaned = clean(url).strip()
    try:
        parts = urlsplit(cleaned)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\"'<>\\]", cleaned):
        return ""
    return html.escape(cleaned)
