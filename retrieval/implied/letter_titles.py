"""What the title of a letter says of its two sides, by the forms that such titles have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_SHORTHAND = (
    r"(?:(?:[Pp]artial |[Dd]raft )?(?:(?:A|T|P|D)(?:L|LS|LsS|Ls|NS|N|CyS|Cy|PcS|PCS)|LS"
    r"|[AT]\.\s?L\.\s?[sS]\.|(?:L|N)(?=\s+to\s)"
    r"|(?:[Aa]utograph|[Tt]yped|[Hh]olograph|[Mm]anuscript) (?:letter|note)s?,?(?: signed)?))"
)
_DOCUMENT_FORM = r"(?:(?:[Pp]artially )?[Pp]rinted |[Tt]yped |Pr\. ?)?" + (
    r"(?:A|T|P|D)?(?:DS|D|Df|DfS|DsS|MsS|Ms|AMsS|AMs|TMs|Doc)\b\.?"
)
_SHORTENED = "".join(
    rf"(?<!\b{word})"
    for word in (
        "Mr Dr Jr Sr St Lt Wm Mrs Rev Gen Col Gov Hon Maj Sen Geo Jno Jas Esq Capt Prof Thos Chas "
        "Robt Saml Benj Messrs"
    ).split()
)
_STOP = (
    rf"(?=\s*(?:[;:]|(?<![A-Z]){_SHORTENED}\.\s+[A-Z]|\.?$|,?\s*\d|\[ditto\]|,\s*\[(?=[^\]\d]{{0,12}}\d))"
    r"|,\s*(?:ca?\.|circa|undated|n\.d\.|[A-Z][a-z]{2,8}\.?\s+\d)"
    r"|\s+(?:re|concerning|about|regarding|dated|enclosing|with|requesting)\b|\s[-–—]\s)"
)
_BY_FORM = re.compile(
    rf"^(?P<from>[^;:]{{0,90}}?),?\s*(?:(?<=\s)|^)(?:\d+ )?{_SHORTHAND}(?: [Cc]opy| draft)?(?!\w)"
    rf"(?:\s+to\s+(?P<to>[^;:]{{2,90}}?))?{_STOP}"
)
_DOCUMENT = re.compile(rf"(?:^|\s){_DOCUMENT_FORM}(?=\s|;|,|$)")
_WORDS = r"(?i:letters?|correspondence|telegrams?|post ?cards?|cablegrams?|e-?mails?|valentines?)"
_NOTES = r"^(?:\w+\s+){0,2}(?i:notes?|cards?|messages?)"
_PLAIN = re.compile(
    rf"(?:\b{_WORDS}|{_NOTES})\b(?:,? (?:undated|dated|sent|received|written))?"
    r"(?P<kind>\s+of [a-z]+)?[,:]?\s+"
    r"(?P<word>from|by|of|to)\s+(?P<one>[^;:]{2,80}?)"
    rf"(?:,?\s+(?P<then>to|from|by)\s+(?P<other>[^;:]{{2,80}}?))?{_STOP}"
)
_LISTED = re.compile(rf"^{_WORDS}[,:]\s+(?P<from>[^;:]{{2,60}}?)\s+to\s+(?P<to>[^;:]{{2,60}}?){_STOP}")
_BARE = re.compile(rf"^(?P<from>[^;:]{{2,70}}?),?\s+to\s+(?P<to>[^;:]{{2,80}}?){_STOP}")
_NAME = r"(?:[A-ZÀ-ÞŠŽ\[][\w.'’\[\]-]*|von|vom|van|der|den|de|du|del|della|la|le|und|et|y|zu|zur|&)"
_NAMES = rf"{_NAME}(?:\s+{_NAME}){{0,7}}?"
_FOREIGN_BARE = re.compile(rf"^(?P<from>{_NAMES})\s+(?:an|à)\s+(?P<to>{_NAMES}){_STOP}")
_FOREIGN = re.compile(
    r"^(?:[\w.]+\s+){0,2}?(?i:briefe?|postkarten?|karten?|telegramme?|lettres?|cartes? postales?"
    r"|t[ée]l[ée]grammes?|billets?|cartas?|tarjetas?|telegramas?|bilhetes?)"
    rf"(?:\s+(?:autographes?|sign[ée]es?|autografas?|manuscritas?))*"
    rf"(?:\s+(?:von|de|del|da|do|d['’])\s*(?P<from>{_NAMES}))?"
    rf"(?:\s+(?:an|à|a|al|ao|para)\s+(?P<to>{_NAMES}))?{_STOP}"
)
"""Letters in German, French, Spanish, Portuguese: "Brief von X an Y", "Lettre de X à Y", "Carta de X a Y"."""
_BETWEEN = re.compile(
    rf"\b{_WORDS}\s+between\s+(?P<one>[^;:]{{2,60}}?)\s+and\s+(?P<other>[^;:]{{2,60}}?){_STOP}"
)
_TO_WHOM = re.compile(rf"^\s+to\s+(?P<to>[^;:]{{2,90}}?){_STOP}")
_OF_SOMEBODY = re.compile(
    rf"^(?P<from>[^;:]{{4,60}}?)\s+(?i:letters?|notes?|telegrams?)\s+to\s+(?P<to>[^;:]{{2,60}}?){_STOP}"
)
_PARENTHESES = re.compile(r"\s*\([^()]*\)")
_QUOTED_WORK = re.compile(r"[\"“][^\"”]*(?i:letter|correspondence|note)[^\"”]*[\"”]")
_PUT_ASIDE = re.compile(r"[(\"“]")
_LETTER_WORDS = (
    "L", "N", "etter", "ettre", "orresp", "ote", "ard", "arta", "arte", "gram", "ail", "alentine", "rief",
    "illet",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides as they are written, "" where the title does not say; `certain` when it can be of a
    letter only ("X ALS to Y"), `bare` when nothing but "to" tells of one; `mutual` of letters both
    ways; `document` says that it is no letter at all."""

    sender: str = ""
    recipient: str = ""
    certain: bool = False
    mutual: bool = False
    bare: bool = False
    document: bool = False


@lru_cache(maxsize=65536)
def read_sides(title: str, *, among_letters: bool = False) -> Sides | None:
    """The sides of the letter, or letters, that a title speaks of; None when it has no such form.

    "X to Y" alone counts only among letters: elsewhere it may be a road.
    """
    if not any(word in title for word in (" to ", " an ", " à ", *_LETTER_WORDS)):
        return None
    if _PUT_ASIDE.search(title):
        title = _QUOTED_WORK.sub(" ", _PARENTHESES.sub("", title))
    match = _BY_FORM.match(title)
    if match and (match["from"] or match["to"]) and _is_side(match["from"]):
        return Sides(match["from"].strip(" ,"), match["to"] or "", certain=True)
    document = _DOCUMENT.search(title)
    if document:
        return _read_document(title, document)
    between = _BETWEEN.search(title)
    if between:
        return Sides(between["one"], between["other"], mutual=True)
    listed = _LISTED.match(title)
    if listed:
        return Sides(listed["from"], listed["to"])
    of_somebody = _OF_SOMEBODY.match(title)
    if of_somebody:
        return Sides(of_somebody["from"], of_somebody["to"])
    plain = _PLAIN.search(title)
    if plain:
        return _read_plain(plain)
    foreign = _FOREIGN.match(title)
    if foreign and (foreign["to"] or _is_by_somebody(foreign)):
        return Sides(foreign["from"] or "", foreign["to"] or "")
    bare = (_BARE.match(title) or _FOREIGN_BARE.match(title)) if among_letters else None
    return Sides(bare["from"], bare["to"], bare=True) if bare else None


def _read_document(title: str, form: re.Match[str]) -> Sides | None:
    """ "X DS to Y": a document that names two people, which is no letter."""
    behind = _TO_WHOM.match(title[form.end() :])
    made_by = title[: form.start()].strip(" ,")
    return Sides(made_by, behind["to"], document=True) if behind and _is_side(made_by) else None


def _is_by_somebody(foreign: re.Match[str]) -> bool:
    """Whether a sender alone may be one: "Karte von Sachsen" is a map, "Carta de Lisboa" from a town."""
    return len((foreign["from"] or "").split()) > 1 and not foreign[0].lower().startswith(("karte", "carte"))


def _is_side(text: str) -> bool:
    """Whether what stands before the form of a letter may be its sender: no words of a sentence."""
    return not re.search(
        r"\b(?:and|of|the|from|with|including|in)\b\s*$|^(?:the|of|from)\b", text, re.IGNORECASE
    )


def _read_plain(match: re.Match[str]) -> Sides | None:
    one, other = match["one"], match["other"] or ""
    if match["kind"] and match["word"] in {"to", "of"}:
        return None  # "Letter of admission to Stanford"
    if match["word"] == "to":
        return Sides(other, one) if match["then"] else Sides("", one)
    return Sides(one, other) if (match["then"] or "to") == "to" else Sides(one)
