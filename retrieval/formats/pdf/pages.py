"""Pages of a PDF as lines of text, without running heads, page numbers and words parted at line ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from retrieval.errors import SourceError
from retrieval.formats.pdf import worker as pdf_worker
from retrieval.formats.prose import fold
from retrieval.formats.xml import check_size

_PAGE_NUMBER = re.compile(
    r"^\W*(?:(?:page|p\.|seite)\s*)?\W*(?:\d{1,4}|[ivxl]{1,6})\W*(?:(?:of|/|von)\s*\d{1,4}\W*)?$",
    re.IGNORECASE,
)
_HOLDER = re.compile(r"^(?:box(?:es)?|folders?|carton|reel|sub-?series|series)\b", re.IGNORECASE)
"""Says where material is, at the top of a page above all: never a running head."""
_EDGE = 2
"""How many lines at either end of a page may be a running head or foot."""
_FEWEST_REPEATS = 3
_FEWEST_LETTERS = 3
_PARTED = re.compile("[\ufffe\u00ad\x02]$")
_OFFICE_TITLE = re.compile(
    r"^(?:microsoft \w+ - |untitled\b|document\d*$)|\.(?:docx?|pdf|rtf|wpd|indd|xlsx?)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its words, and where it begins, in points from the left and from the bottom."""

    text: str
    left: float
    top: float


@dataclass(frozen=True, slots=True)
class Pages:
    """A PDF: its own title, "" where there is none worth having, and the lines of each page."""

    title: str
    pages: tuple[tuple[Line, ...], ...]
    problems: tuple[SourceError, ...] = ()


@dataclass(slots=True)
class _Said:
    """What the worker wrote: how many pages there are, those it read, and what stopped it."""

    count: int = 0
    title: str = ""
    error: str = ""
    pages: list[list[Line]] = field(default_factory=list)


def read_pages(path: Path) -> Pages:
    """Read a PDF. Raises SourceError for one that is locked, damaged, without any text, or beyond bounds."""
    check_size(path)
    said = _run(path)
    if said.error and not said.pages:
        locked = said.error == pdf_worker.LOCKED
        problem = (
            "is protected by a password" if locked else f"is no PDF that can be read: {fold(said.error)}"
        )
        remedy = "save a copy without the password" if locked else "open it and print it to PDF again"
        raise SourceError(path, problem, remedy=remedy)
    silent = sum(sum(len(line.text) for line in page) < _FEWEST_LETTERS for page in said.pages)
    if silent == len(said.pages):
        count = f"{said.count} page{'s' if said.count != 1 else ''}"
        problem = f"has {count} and no text: it is a scan" if said.count else "has no pages"
        raise SourceError(path, problem, remedy="run OCR over it and add it again")
    title = fold(said.title)
    return Pages(
        title="" if _OFFICE_TITLE.search(title) else title,
        pages=tuple(tuple(_join_parted(page)) for page in _drop_furniture(said.pages)),
        problems=tuple(_report(path, said, silent)),
    )


def _run(path: Path) -> _Said:
    """Let the worker read; what it wrote before it broke counts."""
    command = [sys.executable, "-I", pdf_worker.__file__, str(path)]
    said = _Said()
    try:
        done = subprocess.run(command, capture_output=True, timeout=pdf_worker.SECONDS * 2, check=False)
        output, broke = done.stdout, done.returncode not in {0, 1} or b"MemoryError" in done.stderr
    except subprocess.TimeoutExpired as late:
        output, broke = late.stdout or b"", True
    for line in output.decode("ascii", "replace").splitlines():
        if not line.endswith("}"):
            continue
        told: Any = json.loads(line)
        if "lines" in told:
            said.pages.append([Line(*each) for each in told["lines"]])
        else:
            said.count, said.title = told.get("pages", 0), told.get("title", "")
            said.error = told.get("error", "")
    if broke or (not said.error and not said.count and not output):
        said.error = f"it breaks the reader, or takes more than {pdf_worker.SECONDS} s or 2 GB"
    return said


def _report(path: Path, said: _Said, silent: int) -> list[SourceError]:
    problems = []
    read = len(said.pages)
    if read < said.count:
        why = f": {said.error}" if said.error else ""
        problem = f"has {said.count} pages, of which the first {read} were read{why}"
        problems.append(SourceError(path, problem, remedy="split it"))
    if silent > read // 10:
        problem = f"has {silent} pages of {read} without text: they are scans"
        problems.append(SourceError(path, problem, remedy="run OCR over them"))
    return problems


def _drop_furniture(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Pages without lines that stand at the edge of many of them, alike but for numbers, and page numbers."""
    seen = Counter(key for page in pages for key in {_alike(line) for line in _edges(page)})
    often = {key for key, times in seen.items() if times >= max(_FEWEST_REPEATS, len(pages) * 0.4)}
    kept = []
    for page in pages:
        edges = set(map(id, _edges(page)))
        kept.append(
            [
                line
                for line in page
                if id(line) not in edges
                or _HOLDER.match(line.text)
                or not (_alike(line) in often or _PAGE_NUMBER.match(line.text))
            ]
        )
    return kept


def _edges(page: Sequence[Line]) -> list[Line]:
    """The highest and lowest lines of a page."""
    by_height = sorted(page, key=lambda line: -line.top)
    width = _EDGE if len(page) > 2 * _EDGE else 1
    return by_height[:width] + by_height[-width:]


def _alike(line: Line) -> str:
    return re.sub(r"\d+", "0", line.text.lower())


def _join_parted(page: Sequence[Line]) -> list[Line]:
    """Lines with words parted at their ends put together; PDFium writes U+FFFE for a hyphen there."""
    joined: list[Line] = []
    parted = False
    for line in page:
        if parted and joined:
            head, _, rest = line.text.partition(" ")
            before = joined[-1]
            joined[-1] = Line(before.text + head, before.left, before.top)
            if not rest:
                parted = bool(_PARTED.search(line.text))
                continue
            line = Line(rest, line.left, line.top)
        parted = bool(_PARTED.search(line.text))
        joined.append(Line(_PARTED.sub("", line.text), line.left, line.top))
    return [Line(fold(re.sub("[\ufffe\x02]", "", line.text)), line.left, line.top) for line in joined]
