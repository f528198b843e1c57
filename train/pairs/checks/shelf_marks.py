"""Shelf marks, call numbers and addresses in prose."""

from __future__ import annotations

import re

from retrieval.words import fold_identifier, fold_letters

_MARK = re.compile(
    r"\bhttps?://[^\s\"<>)\]]+"
    r"|\bark:/?\d{5}[\w/.-]*"
    r"|\b(?:MSS?|MC|RG|PH|AC|UA|HM|SC|Add|Cod|Clm|Ms|Hs|Nachl|Acc|Coll)\.?(?:\s?(?:Coll|Add|germ|lat|fr|no|n[º°])\.?)?"
    r"[ .-]{0,2}\d[\w]*(?:[./-]\w+)*"
    r"|\b[A-Z]{1,6}[.-]\d+(?:[./-]\w+)*\b"
    r"|\b[A-Z]{2,6}\s?\d{2,}(?:[./-]\w+)*\b"
)


def read_shelf_marks(text: str) -> list[tuple[int, int]]:
    """Where shelf marks stand in a text."""
    return [(match.start(), match.start() + len(match[0].rstrip(".,;:"))) for match in _MARK.finditer(text)]


def stands_in(mark: str, text: str) -> bool:
    """Whether a shelf mark stands in a text, however it is spaced and punctuated."""
    letters = map(re.escape, fold_identifier(mark))
    pattern = r"(?<!\w)" + r"[\s.,:_-]*".join(letters) + r"(?!\d)"
    return bool(re.search(pattern, fold_letters(text)))
