"""Who wrote to whom, by a record's title, by the titles above it and by what its note says.

Finding aids seldom say it in a field: the title may be just the other party ("Rush, Benjamin" under "By
John Witherspoon to"), or a date under "Letters to Emma Dickson". What cannot be told is left empty:
nothing rather than somebody wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from retrieval.implied.kinds import is_bare_title, kinds_in_title
from retrieval.implied.letter_titles import Sides, read_sides
from retrieval.implied.names import could_be, fold_name, is_body
from retrieval.implied.parties import are_people, is_person, read_parties, read_person
from retrieval.records import Record

_LETTERS = r"(?:letters?|correspondence|postcards|telegrams)"
_BY_TO = re.compile(rf"^(?:{_LETTERS}\s+)?(?:by|from) (?P<who>.+?) to:?$", re.IGNORECASE)
_TO = re.compile(
    rf"^(?:.*\b)?{_LETTERS} (?:addressed |written |sent )?to (?P<who>[^,;:]+)$|^to:? (?P<only>[A-Z][^,;:]+)$",
    re.IGNORECASE,
)
_FROM = re.compile(
    rf"^(?:.*\b)?{_LETTERS} (?:written |sent )?(?:from|by|of) (?P<who>[^,;:]+?)(?: to (?P<to>[^,;:]+))?$"
    r"|^from:? (?P<only>[A-Z][^,;:]+)$",
    re.IGNORECASE,
)
_END = r"(?: (?:letters|correspondence|mail))?\W*(?:\(.*\)|[\d\W]*)$"
_INCOMING = re.compile(
    rf"^(?P<who>.*?)[\s:,]*\b(?:incoming|in-coming|(?:letters |correspondence )received){_END}", re.IGNORECASE
)
_OUTGOING = re.compile(
    rf"^(?P<who>.*?)[\s:,]*\b(?:outgoing|out-going|(?:letters |correspondence )sent){_END}", re.IGNORECASE
)
_NUMBER = re.compile(
    r"^(?:(?:sub-?)?series|(?:record )?group)\s+[\w.]{1,6}[:.]\s+|^[A-Z\d.]{1,6}:\s+|^\d+\.\s+",
    re.IGNORECASE,
)
_PAPERS_OF = re.compile(
    r"^(?:the )?(?P<who>[^,;:]+?)(?:['’]s)?,? (?:personal )?(?:papers|letters|correspondence)\b",
    re.IGNORECASE,
)
_SAID_SIDE = re.compile(r"^(?P<word>from|by|to):? (?P<who>[A-Z\[].*)$", re.IGNORECASE)
_IN_NOTE = (
    re.compile(r"\bto:\s*(?P<to>[^;:\n]{2,60}?)[;,.]?\s+from:\s*(?P<from>[^;:.\n]{2,60})", re.IGNORECASE),
    re.compile(r"\bfrom:\s*(?P<from>[^;:\n]{2,60}?)[;,.]?\s+to:\s*(?P<to>[^;:.\n]{2,60})", re.IGNORECASE),
    re.compile(
        r"^\W*(?:an? )?(?:autograph |typed |handwritten )?(?:letter|note|postcard|telegram)s? from "
        r"(?P<from>[^;:.,\n]{2,60}?) to (?P<to>[^;:.,\n]{2,60}?)"
        r"(?=[;:.,\n]|$| (?:dated|regarding|concerning|about|in|on|asking|thanking|describing)\b)",
        re.IGNORECASE,
    ),
)
_SENDER_FIELD = re.compile(
    r"^(?:sender|author|writer|written by):\s*(?P<who>[^;:\n]{2,60})", re.IGNORECASE | re.MULTILINE
)
_RECIPIENT_FIELD = re.compile(
    r"^(?:recipient|addressee|addressed to):\s*(?P<who>[^;:\n]{2,60})", re.IGNORECASE | re.MULTILINE
)
_BOOK_OF_LETTERS = re.compile(r"^(?:the )?(?:\w+ )?letters (?:of|from|by)\b", re.IGNORECASE)
_COMMON_NOUN = re.compile(
    r"(?:tions?|ments?|ences?|ances?|ings?|raphs?|aphy|ords|ters|orts|ries|ities|neous|eral)$"
)
_NOTE_LENGTH = 400
_LIFE = re.compile(r",?\s*\(?\d{4}\s*[-–]\s*(?:\d{4})?\)?$")
_DEFINED = re.compile(r"\b((?:[A-Z][\w.'’-]* ){1,3}[A-Z][\w'’-]+),? \(([A-Z]{2,4})\)")
_INITIALS = re.compile(r"^[A-Z]{2,4}$")
_HEADINGS_LOOKED_AT = 4


@dataclass(frozen=True, slots=True)
class Correspondents:
    """Those who wrote and those who were written to; either may be empty."""

    senders: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()


NOBODY = Correspondents()


def find_correspondents(record: Record, initials: Mapping[str, str] | None = None) -> Correspondents:
    """Who wrote and who was written to, as far as the record and its place say.

    `initials` are those that the collection defines (`read_initials`), for notes that use them.
    """
    if record.level == "collection":
        return NOBODY
    return (
        _by_title(record, initials or {})
        or _by_note(record, initials or {})
        or _by_place(record)
        or _by_author(record)
        or NOBODY
    )


def read_initials(text: str) -> dict[str, str]:
    """Initials that a description defines: "Nellie Davis (ND)" gives ND → Nellie Davis."""
    found: dict[str, str] = {}
    for name, short in _DEFINED.findall(text):
        words = [word for word in name.split() if word[0].isupper()]
        while len(words) > len(short):
            words.pop(0)
        if "".join(word[0] for word in words) == short:
            found.setdefault(short, " ".join(words))
    return found


def _by_title(record: Record, initials: Mapping[str, str]) -> Correspondents | None:
    among = _is_among_letters(record)
    sides = read_sides(record.title, among_letters=among or record.level in ("item", "file"))
    if sides is None or sides.document:
        return None
    if sides.bare and not among and record.level == "file" and not _are_full_names(sides):
        return None  # as likely a range of the alphabet: "Adams to Burns", "Adams, John to Burns, Ann"
    if sides.bare and not (are_people(sides.sender) and (among or are_people(sides.recipient))):
        if not among or not read_parties(sides.recipient):
            return None
    sender, recipient = _write_out(sides.sender, initials), _write_out(sides.recipient, initials)
    return _name_sides(replace(sides, sender=sender, recipient=recipient))


def _are_full_names(sides: Sides) -> bool:
    return all("," not in side and " " in side.strip() for side in (sides.sender, sides.recipient))


def _name_sides(sides: Sides) -> Correspondents | None:
    senders, recipients = read_parties(sides.sender), read_parties(sides.recipient)
    if sides.mutual:
        both = senders + recipients
        return Correspondents(both, both) if senders and recipients else None
    if sides.sender and not senders and not sides.certain:
        return None  # what is no name on one side is no letter: "Route to Salt Lake City"
    return Correspondents(senders, recipients) if senders or recipients else None


def _is_among_letters(record: Record) -> bool:
    """Whether titles above speak of letters, or it is known to be one."""
    if any("letter" in kinds_in_title(title) for title in (record.collection, *record.breadcrumb)):
        return True
    return "letter" in record.kinds or record.transcribed


def _by_note(record: Record, initials: Mapping[str, str]) -> Correspondents | None:
    if record.transcribed or not record.text:
        return None
    note = record.text[:_NOTE_LENGTH]
    match = next((match for match in (pattern.search(note) for pattern in _IN_NOTE) if match), None)
    if match:
        return _name_sides(Sides(_write_out(match["from"], initials), _write_out(match["to"], initials)))
    sender, recipient = _SENDER_FIELD.search(note), _RECIPIENT_FIELD.search(note)
    if sender or recipient:
        return _name_sides(Sides(sender["who"] if sender else "", recipient["who"] if recipient else ""))
    return None


def _write_out(side: str, initials: Mapping[str, str]) -> str:
    name = side.strip()
    return initials.get(name, "" if _INITIALS.match(name) else name)


def _by_place(record: Record) -> Correspondents | None:
    """By the headings above: the nearest that says which way the letters went."""
    chain = [_NUMBER.sub("", title) for title in (*record.breadcrumb[1:], record.title)]
    while len(chain) > 1 and (
        is_bare_title(chain[-1]) and not is_person(chain[-1]) or _is_just_letters(chain[-1])
    ):
        chain.pop()
    said, headings = chain[-1], chain[:-1]
    owner = _owner(record)
    own = (
        None if _SAID_SIDE.match(said) else _by_heading(said, "", owner)
    )  # "Letters to Emma Dickson" itself, or the date under it
    if own:
        return own
    party = _party(said) or _is_lone_surname(said, record)
    for heading in reversed(headings[-_HEADINGS_LOOKED_AT:]):
        found = _by_heading(heading, said if party else "", owner)
        if found:
            return found
        kinds = kinds_in_title(heading)
        if kinds:
            return _filed_under(said, owner) if kinds == ("letter",) and party else None
    return _filed_under(said, owner) if "," in said and party and _is_just_letters(record.title) else None


def _by_author(record: Record) -> Correspondents | None:
    """The one author of a book of letters wrote the letters in it."""
    is_book = record.transcribed and bool(_BOOK_OF_LETTERS.match(record.collection))
    author = read_parties(record.creator) if is_book and ";" not in record.creator else ()
    return Correspondents(author) if len(author) == 1 else None


def _by_heading(heading: str, said: str, owner: str) -> Correspondents | None:
    """What one heading says; `said` is the other party, "" where the title below is none."""
    match = _BY_TO.match(heading)
    if match:
        return _pair(match["who"], said) if said else None
    other = _SAID_SIDE.sub(lambda found: found["who"], said)
    match = _TO.match(heading)
    if match:
        who = match["who"] or match["only"]
        sender = "" if said.lower().startswith("to ") else other
        return _pair(sender, who) if read_parties(who) else None
    match = _FROM.match(heading)
    if match:
        who = match["who"] or match["only"]
        return _pair(who, match["to"] or other) if read_parties(who) else None
    for pattern, is_incoming in ((_INCOMING, True), (_OUTGOING, False)):
        match = pattern.match(heading)
        if match:
            whose = match["who"].strip() if is_person(match["who"]) else owner
            return _pair(other, whose) if is_incoming else _pair(whose, other)
    return None


def _pair(sender: str, recipient: str) -> Correspondents | None:
    senders, recipients = read_parties(sender), read_parties(recipient)
    return Correspondents(senders, recipients) if senders or recipients else None


def _filed_under(said: str, owner: str) -> Correspondents | None:
    """A file by a person's name among somebody's correspondence: letters from the one to the other."""
    person = read_person(said)
    if not person or (owner and could_be(fold_name(owner).split(), person)):
        return None
    return Correspondents((person,), (owner,) if owner else ())


def _party(said: str) -> bool:
    return is_person(said) or bool(_SAID_SIDE.match(said) and read_parties(_SAID_SIDE.sub(r"\g<who>", said)))


def _is_lone_surname(said: str, record: Record) -> bool:
    """Whether a title of one word is somebody's: of an item that has a day of its own, as a letter has."""
    dated = not record.dates_inherited and any(span.first == span.last for span in record.spans)
    plain = said.replace("[", "").replace("]", "")
    if not dated or said != record.title or len(plain) < 3 or not plain.isalpha():
        return False
    return bool(read_person(plain)) and not _COMMON_NOUN.search(plain)


def _is_just_letters(title: str) -> bool:
    return bool(
        re.match(
            rf"^(?:general |miscellaneous )?{_LETTERS}(?:\W+(?:\d.*)?|\s*\(.*\))?$", title, re.IGNORECASE
        )
    )


@lru_cache(maxsize=4096)
def _owner_of_titles(titles: tuple[str, ...]) -> str:
    for title in reversed(titles):
        plain = _NUMBER.sub("", title)
        match = _PAPERS_OF.match(plain)
        name = match["who"] if match else _LIFE.sub("", plain)
        if is_person(name) and (match or _LIFE.search(plain)):
            return read_person(name)
    return ""


def _owner(record: Record) -> str:
    """The person whose papers a record is among: by the titles above, else by its one creator."""
    named = _owner_of_titles(record.breadcrumb)
    if named or not record.creator or ";" in record.creator or is_body(record.creator):
        return named
    person = record.creator
    return person if is_person(re.sub(r",?\s*\(?\d{4}.*$", "", person)) else ""
