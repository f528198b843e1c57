"""What somebody says of who they are: their own name, where they live, when they or the living were born."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from train.pairs.checks.dates_named import read_named_dates
from train.pairs.checks.personal.datum import Datum

LONGEST_LIFE = 110
"""Years after which somebody is taken to have died (as archives commonly count)."""

_CAPITAL = r"[A-ZÀ-ÖØ-ÞĀĄĆČĎĐĘĚĞĪİŁŃŇŌŐŒŘŚŞŠŢŤŪŮŰŹŻŽА-ЯЁІЇЄҐΑ-Ω][^\W\d_]*(?:['’-][^\W\d_]+)*\.?"
_FULL_NAME = (
    rf"(?:{_CAPITAL}\s+(?:(?:de|del|della|di|da|dos|van|von|der|den|la|le|bin|al)\s+)*){{0,3}}{_CAPITAL}"
)
_INTRODUCED = re.compile(
    r"(?<!\w)(?:(?i:my (?:full )?name is|(?:hello|hi),? this is|name:|mein name ist"
    r"|ich hei(?:ß|ss)e"
    r"|je m[’']appelle|"
    r"mon nom est|me llamo|mi nombre es|meu nome é|chamo-me|me chamo|mi chiamo|il mio nome è|ik heet|"
    r"mijn naam is|jag heter|jeg hedder|nazywam się|меня зовут))\s+"
    rf"(?P<name>{_FULL_NAME})"
)
_I_AM = re.compile(
    rf"(?<!\w)(?:I am|I[’']m|Ich bin|Je suis|Yo soy|Soy|Sono|Eu sou"
    rf"|Sou)\s+(?P<name>{_CAPITAL}\s+{_FULL_NAME})"
)
_SIGNED = re.compile(
    r"(?i:\b(?:(?:kind|best|warm|with) regards|regards|sincerely(?: yours)?|yours (?:sincerely"
    r"|truly|faithfully)|"
    r"many thanks|thanks|thank you|signed|mit freundlichen gr(?:ü|ue)(?:ß|ss)en|viele gr(?:ü|ue)(?:ß"
    r"|ss)e|cordialement|"
    r"un saludo|saludos(?: cordiales)?|atenciosamente|obrigad[oa]|cordiali saluti))\s*[,!.–-]?\s+"
    rf"(?P<name>{_CAPITAL}(?:\s+{_FULL_NAME})?)\s*[.!]?\s*$"
)
_NO_NAME = re.compile(
    r"^(?:I|A|An|The|In|From|Professor|Prof|Dr|Interested|Looking|Sorry|Writing|Very|American|British|English|"
    r"French|German|Italian|Spanish|Canadian|Australian|Irish|Scottish|Jewish|Catholic)\b"
)
_BIRTH = re.compile(
    r"(?<!\w)(?:(?P<own>I was born|my (?:date of birth|birthday|dob)|je suis née?|"
    r"nací|nasci|sono nat[oa]|mein geburtsdatum)|dob|d\.o\.b\.|date of birth|birth ?date|geburtsdatum|"
    r"date de naissance|fecha de nacimiento|data de nascimento|data di nascita|born|geboren"
    r"|geb\.|née?(?= le)|"
    r"nacid[oa]|nascid[oa]|nat[oa](?= il)|född|født|urodzon[ya]|родил(?:ся|ась))(?!\w)",
    re.IGNORECASE,
)
_REACH = 40
_BORN_BEHIND = re.compile(r"\bich bin (?P<date>[^?!]{4,40}) geboren\b", re.IGNORECASE)
_STREET = (
    r"(?:\d{1,5}[A-Za-z]?\s+(?:[NSEW]\.?\s+)?(?:[^\W\d_]+['’.]?\s+){1,3}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Drive|Dr|Lane|Ln|Boulevard|Blvd|Court|Ct|Place|Pl|Terrace|Way|Close|Crescent|"
    r"Square|Gardens|Grove|Parkway|Pkwy)\b\.?"
    r"|\d{1,4}\s?(?:bis|ter)?,?\s+(?i:rue|avenue|boulevard|chemin|place|allée|impasse)\s+[^\d,;.\n]{3,40}"
    r"|[^\W\d_](?:[^\W\d_]|-){1,40}(?:straße|strasse|str\.|gasse|weg|platz|allee|damm|laan|straat|gracht|kade|gade|gatan|vägen)\s+\d{1,4}\s?[a-z]?"
    r"|(?i:p\.?\s?o\.? ?box|postfach|apartado|casella postale)\s+\d{1,6}"
    r"|(?i:calle|avenida|plaza|rua|via|viale|piazza|travessa|c/)\s+[^\d\n]{3,40},?\s*(?:n[.ºo°]{0,2}\s?)?\d{1,4})"
)
_POSTCODE = (
    r"(?:[A-Z]{2}\s+\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d"
    r"|(?:D-|F-|A-|CH-|I-|E-|L-|B-)?\d{4,5}\s+[A-ZÀ-Þ][^\W\d_]+|\d{4}\s?[A-Z]{2}\b|\d{5}-\d{3})"
)
_WITH_POSTCODE = re.compile(
    rf"(?<!\w)(?P<place>{_STREET}[^\n\d]{{0,40}}?[,\s]\s*(?:#?\d{{1,4}}[,\s]\s*)?{_POSTCODE})(?!\w)"
)
_AT_HOME = re.compile(
    r"(?i:\b(?:I live (?:at|on|in)|we live (?:at|on)|my (?:home |postal |mailing )?address(?: is|:)?|"
    r"(?:send|mail|post) (?:it|them|copies|the \w+) to|ich wohne(?: in der| im| am| in)?"
    r"|meine adresse(?: ist|:)?|"
    r"j[’']habite(?: au)?|mon adresse(?: est|:)?|vivo en(?: la)?|mi dirección(?: es|:)?|moro na"
    r"|meu endereço(?: é|:)?|"
    r"abito in|il mio indirizzo(?: è|:)?))\s+"
    rf"(?P<place>{_STREET})"
)


def find_people(text: str, today: date) -> Iterator[Datum]:
    """Names that people give as their own, addresses, and dates of birth of people likely living."""
    for pattern in (_INTRODUCED, _I_AM, _SIGNED):
        for match in pattern.finditer(text):
            if not _NO_NAME.match(match["name"]):
                yield Datum("name", match["name"].rstrip("."), match.start("name"), match.end("name"))
    for pattern in (_WITH_POSTCODE, _AT_HOME):
        for match in pattern.finditer(text):
            yield Datum("postal address", match["place"], match.start("place"), match.end("place"))
    yield from _find_births(text, today)


def _find_births(text: str, today: date) -> Iterator[Datum]:
    """Full dates behind a word for birth, or close before it; of oneself the year alone is enough."""
    for bare in _BORN_BEHIND.finditer(text):
        yield from _find_living(bare["date"], bare.start("date"), today)
    for cue in _BIRTH.finditer(text):
        behind = text[cue.end() : cue.end() + _REACH]
        yield from _find_living(behind, cue.end(), today, years_too=bool(cue["own"]))


def _find_living(text: str, start: int, today: date, *, years_too: bool = True) -> Iterator[Datum]:
    """The first date of a text at `start`, if somebody born then is likely living."""
    for found in read_named_dates(text):
        years = [year for year, _, day in found.readings if year and (day or years_too)]
        if any(today.year - LONGEST_LIFE <= year <= today.year for year in years):
            words = text[found.start : found.end]
            yield Datum("date of birth", words, start + found.start, start + found.end)
            return
