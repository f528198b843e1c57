"""Which language a text is in, where that is plain, and whether question, answer and label agree.

By the smallest words (and the script), as Cavnar and Trenkle's short-word variant does; a few words of a
text tell nothing, and then nothing is said.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from train.pairs.checks.context import Context
from train.pairs.checks.finding import Finding
from train.pairs.checks.language_words import ALIKE, NAMES, WORDS
from train.pairs.checks.quoted import blank_quotations
from train.pairs.pair import Pair

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ELIDED = re.compile(r"^(?:l|d|qu|n|s|j|c|m)['’]", re.IGNORECASE)
_SCRIPTS = {
    "CYRILLIC": "ru", "GREEK": "el", "HEBREW": "he", "ARABIC": "ar", "CJK": "zh", "HIRAGANA": "ja",
    "KATAKANA": "ja", "HANGUL": "ko", "DEVANAGARI": "hi", "ARMENIAN": "hy", "GEORGIAN": "ka", "THAI": "th",
}  # fmt: skip
_LEAST_HITS = 3.0
_LEAD = 1.4
"""How many times as often as the next language's its words have to come."""
_LEAST_SHARE = 0.18
"""Of all words, those that have to be small words of the language."""
_SAME = {"nb": "no", "nn": "no"}


def check_language(pair: Pair, context: Context) -> Iterator[Finding]:
    """Question and answer in two languages, a wrong label, or a language that is not trained."""
    declared = primary_tag(pair.language)
    asked = detect_language(pair.question)
    answered = detect_language(blank_quotations(pair.answer)) if pair.kind == "answer" else ""
    if asked and answered and not _are_alike(asked, answered):
        yield _warn(
            f"The question reads as {NAMES[asked]}, the answer as {NAMES[answered]}. "
            f"Answer in the language of the question, outside the quotations."
        )
    written = asked or answered
    if written and not _are_alike(written, declared):
        yield _warn(
            f"The pair is marked as {NAMES.get(declared, f'“{pair.language}”')}, but reads as "
            f"{NAMES[written]}. Change its language to “{written}”."
        )
    elif context.languages and declared not in context.languages:
        trained = ", ".join(sorted(NAMES.get(tag, tag) for tag in context.languages))
        yield _warn(
            f"The pair is in {NAMES.get(declared, f'“{pair.language}”')}, but the languages trained here are "
            f"{trained}. Set it aside, or have the language added in the settings."
        )


def primary_tag(language: str) -> str:
    """The first part of a BCP 47 tag: "pt-BR" gives "pt"."""
    tag = re.split(r"[-_]", language.strip().lower())[0]
    return _SAME.get(tag, tag)


@lru_cache(maxsize=16384)
def detect_language(text: str) -> str:
    """The primary tag of the language of a text; "" where too little tells."""
    script = _find_script(text)
    if script:
        return script
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    words = [part for word in words for part in _part_elision(word)]
    counts = Counter(
        {language: float(sum(word in small for word in words)) for language, small in WORDS.items()}
    )
    (best, hits), (_, next_hits) = counts.most_common(2)
    if hits < _LEAST_HITS or hits < _LEAST_SHARE * len(words) or hits < _LEAD * next_hits:
        return _choose_alike(counts) if hits >= _LEAST_HITS else ""
    return best


def _choose_alike(counts: Counter[str]) -> str:
    """The best of languages that are alike, where no other comes near it."""
    best, hits = counts.most_common(1)[0]
    group = next((group for group in ALIKE if best in group), frozenset())
    rest = max(count for language, count in counts.items() if language not in group) if group else hits
    return best if hits >= _LEAD * rest and rest < hits else ""


def _part_elision(word: str) -> list[str]:
    """French "l'an" and "d'une" as two words, of which the first tells the language."""
    return ["l'", _ELIDED.sub("", word)] if _ELIDED.match(word) and len(word) > 3 else [word]


def _find_script(text: str) -> str:
    """The language that a script other than the Latin one stands for; "" for Latin letters."""
    letters = [char for char in text if char.isalpha()]
    foreign = [char for char in letters if ord(char) > 0x36F]
    if len(foreign) < 4 or len(foreign) * 2 < len(letters):
        return ""
    names = Counter(unicodedata.name(char, "").partition(" ")[0] for char in foreign)
    if names["HIRAGANA"] + names["KATAKANA"] > 0:
        return "ja"
    language = _SCRIPTS.get(names.most_common(1)[0][0], "")
    return "uk" if language == "ru" and re.search("[іїєґ]", text.lower()) else language


def _are_alike(one: str, other: str) -> bool:
    return one == other or any(one in group and other in group for group in ALIKE)


def _warn(sentence: str) -> Finding:
    return Finding(code="language", severity="warn", sentence=sentence)
