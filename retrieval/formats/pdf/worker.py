"""The text of a PDF, read in a process of its own: `python pdf_worker.py FILE` writes a JSON line per page.

PDFium is C++ and a PDF may be made to break or to fill it; only this process is lost then. It imports
nothing of this package, and is bounded in memory and in time by the system.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pypdfium2

MEMORY = 2_000_000_000
SECONDS = 120
MOST_PAGES = 5_000
MOST_CHARACTERS = 30_000_000
LOCKED = "password"


def main(path: str) -> int:
    """Write `{"pages", "title"}`, then `{"lines": [[text, left, top], ...]}` for each page."""
    _limit()
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        _say({"error": LOCKED if "assword" in str(error) else str(error)})
        return 1
    title = document.get_metadata_dict().get("Title", "")
    _say({"pages": len(document), "title": title})
    total = 0
    for number in range(min(len(document), MOST_PAGES)):
        lines: list[list[Any]] = []
        try:
            lines = _read_page(document[number])
        except pypdfium2.PdfiumError as error:
            _say({"lines": [], "error": str(error)})
            continue
        total += sum(len(line[0]) for line in lines)
        if total > MOST_CHARACTERS:
            return 0
        _say({"lines": lines})
    return 0


def _read_page(page: pypdfium2.PdfPage) -> list[list[Any]]:
    """Lines in reading order with the place of their first character: points from the left and the bottom."""
    text = page.get_textpage()
    lines: list[list[Any]] = []
    start = 0
    for line in text.get_text_range().split("\r\n"):
        words = line.strip()
        if words:
            at = start + len(line) - len(line.lstrip())
            left, _, _, top = text.get_charbox(at) if at < text.count_chars() else (0, 0, 0, 0)
            lines.append([words, round(left, 1), round(top, 1)])
        start += len(line) + 2
    text.close()
    page.close()
    return lines


def _limit() -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
