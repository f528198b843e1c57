"""Numbers in prose, in figures and in words, by value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.asked.not_dates import fold_chars

_SMALL = {
    2: "two both pair zwei beide deux dos dois duas due twee tva dwa",
    3: "three drei trois tres tre drie trzy",
    4: "four vier quatre cuatro quatro quattro fyra",
    5: "five funf cinq cinco cinque vijf fem",
    6: "six sechs seis sei zes seks",
    7: "seven sieben sept siete sete sette zeven sju syv",
    8: "eight acht huit ocho oito otto atta otte",
    9: "nine neun neuf nueve nove negen nio",
    10: "ten zehn dix diez dez dieci tien tio",
    11: "eleven elf onze once undici elva elleve",
    12: "twelve dozen zwolf dutzend douze doce doze dodici twaalf tolv",
    13: "thirteen dreizehn treize trece treze tredici dertien",
    14: "fourteen vierzehn quatorze catorce quattordici veertien",
    15: "fifteen funfzehn quinze quince quindici vijftien",
    16: "sixteen sechzehn seize dieciseis dezesseis sedici zestien",
    17: "seventeen siebzehn diecisiete dezessete diciassette zeventien",
    18: "eighteen achtzehn dieciocho dezoito diciotto achttien",
    19: "nineteen neunzehn diecinueve dezenove diciannove negentien",
    20: "twenty zwanzig vingt veinte vinte venti twintig tjugo tyve",
    30: "thirty dreissig trente treinta trinta trenta dertig",
    40: "forty vierzig quarante cuarenta quarenta quaranta veertig",
    50: "fifty funfzig cinquante cincuenta cinquenta cinquanta vijftig",
    60: "sixty sechzig soixante sesenta sessenta sessanta zestig",
    70: "seventy siebzig setenta settanta zeventig",
    80: "eighty achtzig ochenta oitenta ottanta tachtig",
    90: "ninety neunzig noventa novanta negentig",
    100: "hundred hundert cent cien cem cento honderd",
}  # fmt: skip
_BY_WORD = {word: value for value, words in _SMALL.items() for word in words.split()}
_AMBIGUOUS = frozenset(
    {"to", "ti", "ni", "sex", "once", "sei", "due", "pair", "both", "beide", "elf", "fire", "tre"}
)
"""Words of another language, or of no certain value: numbers only where they are looked for."""
_FIGURES = re.compile(r"(?<![\w#.,/:-])[$£€]?(\d{1,3}(?:[,.' ]\d{3})+|\d{1,9})(?:\.\d+)?(?![\w#/:]|[.,]\d)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")


def read_numbers(text: str, *, all_words: bool = False) -> Iterator[tuple[int, int, int]]:
    """(value, start, end) of every number of a text but 0 and 1; the text of dates has to be blanked before.

    `all_words` takes words too that may be numbers: for the text in which a number is looked for.
    """
    for match in _FIGURES.finditer(text):
        value = int(re.sub(r"\D", "", match[1]))
        if value > 1:
            yield value, match.start(), match.end()
    for match in _WORD.finditer(fold_chars(text)):
        value = _value_of(match[0], all_words)
        if value:
            yield value, match.start(), match.end()


def _value_of(word: str, all_words: bool) -> int:
    if word in _BY_WORD:
        return _BY_WORD[word] if all_words or word not in _AMBIGUOUS else 0
    tens, _, ones = word.partition("-")
    if ones and _BY_WORD.get(tens, 0) >= 20 and 1 < _BY_WORD.get(ones, 1 if ones == "one" else 0) + 1 <= 10:
        return _BY_WORD[tens] + (_BY_WORD.get(ones) or 1)
    return 0
