"""Words that stand in dates, in the languages that finding aids are written in, without their accents."""

from __future__ import annotations

from typing import Literal

_MONTH_NAMES = (
    "january jan janvier janv januar janner enero janeiro gennaio januari januarii",
    "february feb febr fevrier fevr februar feber febrero fevereiro fev febbraio februari februarii",
    "march mar mars marz maerz mrz marzo marco maart martii",
    "april apr avril avr abril aprile aprilis",
    "may mai mayo maio maggio mei maii",
    "june jun juin juni junio junho giugno junii",
    "july jul juillet juil juli julio julho luglio julii",
    "august aug aout agosto augustus augusti",
    "september sept sep septembre septiembre setiembre setembro settembre 7ber 7bre septembris",
    "october oct octobre oktober okt octubre outubro ottobre 8ber 8bre octobris",
    "november nov novembre noviembre novembro 9ber 9bre novembris",
    "december dec decembre dezember dez diciembre dic dezembro dicembre xber xbre decembris",
)
MONTHS = {word: number for number, words in enumerate(_MONTH_NAMES, start=1) for word in words.split()}
"""Month by its name or abbreviation: English, French, German, Spanish, Portuguese, Italian, Dutch, Latin."""

LONG_MONTHS = {word: number for word, number in MONTHS.items() if len(word) > 5}
"""Those long enough to be known with one slip of the pen: "Januray", "Novembr"."""

REPUBLICAN_MONTHS = (
    "vendemiaire", "brumaire", "frimaire", "nivose", "pluviose", "ventose", "germinal", "floreal", "prairial",
    "messidor", "thermidor", "fructidor",
)  # fmt: skip

Days = tuple[tuple[int, int], tuple[int, int]]
"""First and last day of a part of the year, each month and day."""

WINTER: Days = ((12, 1), (3, 31))
"""From the December of one year to the March of the next: "Winter 1918" may be the one that ended in 1918
or the one that began in it."""

_SEASON_NAMES: dict[str, Days] = {
    "spring printemps fruhling fruhjahr primavera": ((3, 1), (5, 31)),
    "summer ete sommer verano verao": ((6, 1), (8, 31)),
    "fall autumn automne herbst otono outono autunno": ((9, 1), (11, 30)),
    "winter hiver invierno inverno": WINTER,
    "christmas xmas noel weihnachten navidad natal": ((12, 20), (12, 31)),
    "easter paques ostern": ((3, 22), (4, 25)),
}
SEASONS = {word: days for words, days in _SEASON_NAMES.items() for word in words.split()}
"""Parts of a year by name, those of the northern hemisphere; where one ends and the next begins is vague."""

Mark = Literal[
    "circa", "perhaps", "before", "after", "by", "since", "between", "bulk", "later", "earlier", "present",
    "to", "maybe_to", "and", "fill",
]  # fmt: skip

_MARK_NAMES: dict[Mark, str] = {
    "circa": "circa ca c cca about around approximately approx roughly vers env environ um etwa hacia cerca "
    "aproximadamente verso",
    "perhaps": "probably prob possibly poss perhaps likely presumably inferred estimated supposedly "
    "vermutlich wahrscheinlich probablement probablemente provavelmente",
    "before": "before pre prior avant vor antes ante",
    "after": "after post apres nach despues depois",
    "by": "by",
    "since": "since seit depuis desde",
    "between": "between entre zwischen tra",
    "bulk": "bulk majority mostly predominantly primarily chiefly mainly",
    "later": "later onward onwards",
    "earlier": "earlier",
    "present": "present date ongoing today current now",
    "to": "to through thru until till bis",
    "maybe_to": "a al au ate hasta",
    "and": "and or und oder et ou y o e",
    "fill": "of the in on de del do des du d le la les el den der das dem am im an year years jahr jahre "
    "annees annee anos ano ad from von dated dates circa. day monday tuesday wednesday thursday friday "
    "saturday sunday mon tue tues wed thu thur thurs fri sat sun",
}
MARKS: dict[str, Mark] = {word: mark for mark, words in _MARK_NAMES.items() for word in words.split()}
"""What a word does to the dates beside it."""

PARTS: dict[str, tuple[int, int]] = {
    "early": (0, 3), "beginning": (0, 3), "debut": (0, 3), "anfang": (0, 3), "principios": (0, 3),
    "mid": (1, 3), "middle": (1, 3), "mitte": (1, 3), "mediados": (1, 3), "meados": (1, 3),
    "late": (2, 3), "end": (2, 3), "ende": (2, 3), "fines": (2, 3), "finales": (2, 3),
    "first half": (0, 2), "1st half": (0, 2), "second half": (1, 2), "2nd half": (1, 2),
    "latter half": (1, 2), "last half": (1, 2),
    "first quarter": (0, 4), "1st quarter": (0, 4), "second quarter": (1, 4), "2nd quarter": (1, 4),
    "third quarter": (2, 4), "3rd quarter": (2, 4), "fourth quarter": (3, 4), "last quarter": (3, 4),
}  # fmt: skip
"""Part of a period: which one, of how many."""
