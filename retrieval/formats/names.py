"""People named in a title: who wrote, to whom, and whose file it is.

Titles of letters follow a few patterns ("Winslow Homer ALS to Laura N[orcross] Marrs; Scarboro",
"Letter from Lucien Harris", "Rush, Benjamin"). Editorial brackets split names, so the names kept
are written out without them: "William Howard Taft" for "W[illia]m H[oward] Taft".
"""

from __future__ import annotations

import re

from retrieval.formats.prose import drop_full_stop

_FORM = (
    r"(?:A|T|P)?(?:utograph |yped )?(?:partial |draft |copy )?"
    r"(?:ALsS|ALS|TLS|AL|TL|LS|L|ANS|TNS|NS|ADS|DS|AD|D|ACyS|CyS|Cy|ACy|AMsS|AMs|letters?|telegrams?|postcards?|notes?)"
)
_FROM_TO = re.compile(
    rf"^(?P<from>[^;:]{{2,80}}?),?\s+{_FORM}\s+to\s+(?P<to>[^;:]{{2,80}}?)(?=[;:]|, \d|, [A-Z][a-z]+ \d|$)"
)
_PLAIN = re.compile(
    r"^(?:letters?|correspondence|telegrams?|postcards?|notes?)\b[^;:]{0,20}?\s+(?:from\s+(?P<from>[^;:]{2,80}?))?"
    r"(?:\s*\bto\s+(?P<to>[^;:]{2,80}?))?(?=[;:,(]|$)",
    re.IGNORECASE,
)
_INVERTED = re.compile(
    r"^((?:(?:Mc|Mac|O'|De |Van |Von )?[A-Z][\w'’\-]+)(?: [A-Z][\w'’\-]+)?, "
    r"(?:(?:Mrs|Mr|Dr|Rev|Sir|Lady)\.? )?"
    r"[A-Z][\w'’\-]*\.?(?:[ .][A-Z][\w'’\-]*\.?){0,3}(?:, (?:Jr|Sr)\.?)?)(?=$|, |\s?\()"
)
_BARE = re.compile(
    r"^(?P<from>[A-Z][\w.'’\[\]-]*(?: (?:de |van |von )?[A-Z][\w.'’\[\]-]*){1,4}) to "
    r"(?P<to>[A-Z][\w.'’\[\]-]*(?: (?:de |van |von )?[A-Z][\w.'’\[\]-]*){1,4})(?=$|[,;])"
)
_NO_NAME = re.compile(
    r", (?:The|An?)$"
    r"|^\w*(?:tions?|ments?|ences?|ings?|raphs?|aphy|ords|ters|orts|ries|counts?|papers|books?|files?|County)\b"
    r"|\b(?:Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Hawaii|Idaho|Illinois"
    r"|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri"
    r"|Montana|Nebraska|Nevada|New|North|Ohio|Oklahoma|Ontario|Oregon|Pennsylvania|Quebec|Rhode|South|Tennessee|Texas"
    r"|Utah|Vermont|Wisconsin|Wyoming|England|Scotland|Ireland|Wales|France|Germany|Italy|Spain|Canada|Mexico)$"
)
_OTHER_FORM = re.compile(r"^(\S.*\S) \[([A-Z][^\]]* [^\]]+)\]$")
_BRACKETS = re.compile(r"[\[\]?]")
_NAME = re.compile(r"^[A-Z\"“][\w'’.,\-\" “”&()]*$")


def names_in_title(title: str) -> list[str]:
    """Names that a title gives by its form, without editorial brackets; none when it has no such form."""
    match = _FROM_TO.match(title) or _PLAIN.match(title) or _BARE.match(title)
    if match:
        found = [name for part in (match["from"], match["to"]) for name in _split_other_form(part or "")]
        return [name for name in map(_plain, found) if name]
    inverted = _INVERTED.match(title)
    if not inverted or _NO_NAME.search(inverted[1]):
        return []
    return [inverted[1]]


def _split_other_form(name: str) -> list[str]:
    """Two forms of one person: "Humphrey Marshall [Humphry Marshall]"; "[Robert E.] Peary" is one form."""
    match = _OTHER_FORM.match(name)
    return [match[1], match[2]] if match else [name]


def _plain(name: str | None) -> str:
    """A name without its brackets, or "" when what was matched is no name."""
    text = drop_full_stop(" ".join(_BRACKETS.sub("", name or "").split()).strip(" ,;"))
    return text if text and _NAME.match(text) and len(text.split()) <= 8 else ""
