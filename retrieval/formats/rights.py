"""Rights as catalogues state them: which statements are about access, and what the usual addresses mean."""

from __future__ import annotations

import re
from collections.abc import Iterable

_STATEMENTS = {
    "InC": "In copyright", "InC-OW-EU": "In copyright, EU orphan work",
    "InC-EDU": "In copyright, educational use permitted",
    "InC-NC": "In copyright, non-commercial use permitted",
    "InC-RUU": "In copyright, rights-holder(s) unlocatable or unidentifiable",
    "NoC-CR": "No copyright, contractual restrictions", "NoC-NC": "No copyright, non-commercial use only",
    "NoC-OKLR": "No copyright, other known legal restrictions", "NoC-US": "No copyright, United States",
    "CNE": "Copyright not evaluated", "UND": "Copyright undetermined", "NKC": "No known copyright",
}  # fmt: skip
"""Rightsstatements.org, version 1.0: https://rightsstatements.org/page/1.0/."""
_STATEMENT = re.compile(r"rightsstatements\.org/(?:vocab|page)/([A-Za-z-]+)/")
_LICENCE = re.compile(r"creativecommons\.org/(licenses|publicdomain)/([a-z-]+)(?:/(\d\.\d))?", re.IGNORECASE)
_CLOSING = re.compile(
    r"\bclosed (?:to|until|for|access)\b"
    r"|\baccess (?:to \w+ \w+ )?(?:is |are )?(?:restricted|closed|limited|prohibited)"
    r"|\brestricted (?:access|until|to on-?site)|\bembargo|\bsealed\b"
    r"|\bnot (?:yet |currently |presently )?open\b|\b(?:conditions|restrictions) (?:governing|on) access"
    r"|\bon-?site (?:access )?only\b|\breading room only\b"
    r"|^\W*(?:closed|restricted)\W*$|\bby appointment\b|\bpermission to (?:access|view|consult)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"\b(?:open|available|accessible) (?:for|to) (?:\w+ )?(?:research\w*|the public|public|all|anyone)\b"
    r"|^\W*(?:unrestricted|(?:there are )?no (?:access )?restrictions?(?: on access)?)\W*$"
    r"|^\W*open\b(?! (?:access licen|content|data))|\b(?:is|are) open\b",
    re.IGNORECASE,
)
_REPOSITORY_TERM = re.compile(
    r"^info:eu-repo/semantics/(open|closed|restricted|embargoed)Access$", re.IGNORECASE
)
_EMBARGO = re.compile(r"^info:eu-repo/date/embargoEnd/(\d{4}-\d\d-\d\d)$", re.IGNORECASE)
_ON_COPYRIGHT = re.compile(r"copyright|licen[cs]e|reproduc|public domain|publish|©", re.IGNORECASE)


def name_rights(text: str) -> str:
    """A statement, with the name of a rights statement or licence before its bare address."""
    if not text.lower().startswith(("http://", "https://", "rightsstatements", "creativecommons")):
        return text
    statement = _STATEMENT.search(text)
    if statement and statement[1] in _STATEMENTS:
        return f"{_STATEMENTS[statement[1]]} ({text})"
    licence = _LICENCE.search(text)
    if not licence:
        return text
    kind = licence[2].lower()
    if licence[1].lower() == "publicdomain":
        return f"{'CC0' if kind == 'zero' else 'Public Domain Mark'} ({text})"
    return f"CC {kind.upper()}{' ' + licence[3] if licence[3] else ''} ({text})"


def split_rights(statements: Iterable[str]) -> tuple[str, str]:
    """Conditions of access and conditions of use out of statements that do not say which they are.

    A closure among words on copyright stands in both: it must not be lost there.
    """
    access: dict[str, None] = {}
    use: dict[str, None] = {}
    for statement in statements:
        embargo, term = _EMBARGO.match(statement), _REPOSITORY_TERM.match(statement)
        if embargo:
            access[f"Embargo until {embargo[1]}."] = None
        elif term:
            access[f"{term[1].capitalize()} access."] = None
        elif _CLOSING.search(statement):
            access[statement] = None
            if _ON_COPYRIGHT.search(statement):
                use[statement] = None
        elif _OPENING.search(statement) and not _ON_COPYRIGHT.search(statement):
            access[statement] = None
        elif statement:
            use[name_rights(statement)] = None
    return " ".join(access), " ".join(use)
