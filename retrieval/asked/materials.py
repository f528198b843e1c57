"""Kinds of material as patrons name them, in five languages, with what only looks like one left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.asked.spelling import count_slips
from retrieval.asked.tokens import Token
from retrieval.implied.kinds import KIND_WORDS
from retrieval.records import Kind

LABELS: dict[Kind, str] = {
    "letter": "letters", "diary": "diaries", "photograph": "photographs", "map": "maps",
    "drawing": "drawings and plans", "print": "prints", "film": "films", "sound": "sound recordings",
    "interview": "interviews", "minutes": "minutes", "account": "account books", "legal": "legal documents",
    "newspaper": "newspapers", "clipping": "clippings", "scrapbook": "scrapbooks",
    "programme": "programmes", "poster": "posters", "music": "music", "literary": "literary writings",
    "report": "reports", "speech": "speeches", "book": "books", "object": "objects",
}  # fmt: skip

_ALSO: dict[Kind, str] = {
    "letter": "missivas telegramas telegramme postales postkarten airmail correspondance",
    "diary": "journale", "photograph": "retratos photographic", "map": "landkarten cartes carte",
    "drawing": "zeichnungen", "print": "kupferstiche estampes",
    "sound": "gravacoes grabaciones enregistrements tonaufnahmen tonband", "minutes": "protokolle",
    "account": "recibos rechnungen", "legal": "testamento urkunden",
    "newspaper": "journaux jornais zeitungen",
    "clipping": "zeitungsausschnitte coupures", "programme": "programmheft programmhefte",
    "poster": "carteles plakate", "music": "noten", "literary": "poesia gedichte stories",
    "report": "berichte",
    "speech": "predigten reden", "book": "books", "object": "medaille medaillen",
}  # fmt: skip
"""Words of patrons, and plurals of other languages, beside those of `retrieval.implied.kinds`."""
_VAGUE = frozenset(
    """
    account address advertisement agreement album art article artwork banner bill bond book budget
    button cartel certificate check chart clip clothing coin composition correspondent cost costume
    design document draft essay expense fiction finance flag furniture globe hymn illustration
    informe invitation keepsake license log lawsuit magazine mail manuscript memo menu message
    monograph music negative newsletter note novel object painting paper partition patent payroll
    periodical pin plan play presentation press print proceeding program prose publication redes
    reel relic remark remarks score script sculpture sign slide snap song sonata statistic stereo
    story study survey symphony talk testament testimony textile thing ticket tract transparency
    treaty tune valentine verse volume warrant will wire writing cd mp3 vhs
    """.split()
)
"""Words that name a kind of material in a title, and in a question mostly something else."""
_PLURAL_ONLY = frozenset("negatives slides prints scores wills testamento".split())
"""Of those, what is taken at its word all the same."""
_MORE_PHRASES: dict[str, Kind] = {
    "glass plates": "photograph", "music manuscripts": "music", "rare book": "book", "first edition": "book",
    "rare books": "book", "printed program": "programme", "song books": "music", "minute books": "minutes",
    "account books": "account", "deed books": "legal", "deed book": "legal", "letter books": "letter",
    "letter book": "letter", "receipt books": "account", "cash books": "account", "day books": "account",
    "sketch books": "drawing", "sketch book": "drawing", "post cards": "letter",
    "architectural plans": "drawing", "court records": "legal",
}  # fmt: skip


def _is_vague(word: str) -> bool:
    singular = f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")
    return word not in _PLURAL_ONLY and bool(_VAGUE & {word, singular, word.removesuffix("es")})


_KINDS: dict[str, Kind] = {
    **{word: kind for word, kind in KIND_WORDS.items() if word.isalpha() and not _is_vague(word)},
    **{word: kind for kind, words in _ALSO.items() for word in words.split()},
}
_PHRASES: dict[tuple[str, ...], Kind] = {
    tuple(re.split("[ -]", phrase)): kind
    for phrase, kind in {**KIND_WORDS, **_MORE_PHRASES}.items()
    if not phrase.isalpha()
}
_FIRST_WORDS = frozenset(phrase[0] for phrase in _PHRASES)
_LONGEST_PHRASE = max(map(len, _PHRASES))

ENGLISH_NAMES: dict[Kind, tuple[str, ...]] = {
    kind: ("letters", "correspondence", "letter", "wrote", "write", "written")
    if kind == "letter"
    else tuple(dict.fromkeys([*label.split(), *(word for word, of in _KINDS.items() if of == kind)]))
    for kind, label in LABELS.items()
}
"""English words for each kind: what a question in another language is searched by as well."""

_WRITING = frozenset("write wrote written writes schrieb geschrieben escribio ecrit ecrivit escreveu".split())
_ASKERS = frozenset("i we am im ive my our us".split())
_NEGATIONS = frozenset("not no without except excluding besides than kein keine sans sin sem".split())
_OWN_WORK = frozenset("my our a an this any your".split())
_TRADE = frozenset(
    "academic scholarly medical law trade peer scientific learned wall street ladies home".split()
)
_VERB = frozenset("i to we can may you site road in a".split()) - {"a"}
_NOT_BEFORE: dict[str, frozenset[str]] = {
    "brief": frozenset("a an very history biography account description overview summary few in".split()),
    "journal": _TRADE, "journals": _TRADE,
    "minutes": frozenset("few some several five ten fifteen twenty thirty two three many couple".split()),
    "photograph": _VERB, "photo": _VERB, "sketch": _VERB, "map": _VERB,
    "tape": frozenset("red duct scotch i to we".split()),
    "film": frozenset("a my our documentary the".split()),
    "books": frozenset("for text school write writing two three many my our account minute scrap".split()),
    "report": frozenset("book my our school a to please".split()), "carte": frozenset({"a", "la"}),
    "cable": frozenset({"tv"}), "letter": frozenset("greek capital small".split()),
    "slides": frozenset("my our lecture".split()),
    "picture": frozenset("motion big bigger whole the my".split()), 
    "lecture": frozenset("my a our the".split()), "stories": frozenset("news family ghost success".split()),
    "drawing": frozenset("am is are be for".split()), "poem": frozenset("my favorite favourite".split()),
    "video": frozenset("my a our".split()), "interview": frozenset("my an to an our job".split()),
    "contract": frozenset("to my".split()), "lease": frozenset({"my"}), "uniform": frozenset({"a"}),
}  # fmt: skip
_SLIPS_SHORTEST = 6
_REAL_WORDS = frozenset(
    """
    minute latter litter litters dairies lettered better setter fetter picture stores storied tables cables
    recorder recorded resort resorts porter postman filming needs diaper papers
    """.split()
)
"""Words that are one slip from a kind of material and mean something else."""


def read_materials(tokens: Sequence[Token], taken: frozenset[int] = frozenset()) -> tuple[Kind, ...]:
    """The kinds of material asked for, in the order of the question; words at `taken` places do not count.

    "What did he write to her?" asks for letters too; "I am writing a book" asks for nothing.
    """
    found: list[Kind] = []
    place = 0
    while place < len(tokens):
        kind, length = _read_kind(tokens, place)
        if kind and place not in taken and not _is_negated(tokens, place):
            found.append(kind)
        place += length
    return tuple(dict.fromkeys(found))


def is_material(word: str) -> bool:
    """Whether a folded word names a kind of material."""
    return word in _KINDS


def correct_material(word: str) -> str:
    """The English word for a material that a misspelt one stands for; "" for none."""
    if len(word) < _SLIPS_SHORTEST or word in _KINDS or word in _REAL_WORDS or word in _FIRST_WORDS:
        return ""
    ranked = [(slips, other) for other in _ENGLISH if (slips := count_slips(word, other))]
    return min(ranked)[1] if ranked and min(ranked)[0] <= (1 if len(word) < 9 else 2) else ""


_ENGLISH = tuple(
    """
    letters letter correspondence telegrams postcards postcard diaries journals photographs photograph
    photos pictures drawings sketches recordings interviews newspapers newspaper clippings scrapbook
    scrapbooks programmes posters speeches sermons ledgers pamphlets daguerreotypes negatives minutes
    """.split()
)


def _read_kind(tokens: Sequence[Token], place: int) -> tuple[Kind | None, int]:
    """The kind that the word, or the words, from `place` on name, and how many they are."""
    word = tokens[place].word
    for length in range(min(_LONGEST_PHRASE, len(tokens) - place) if word in _FIRST_WORDS else 1, 1, -1):
        phrase = tuple(token.word for token in tokens[place : place + length])
        if phrase in _PHRASES:
            return _PHRASES[phrase], length
    before = tokens[place - 1].word if place else ""
    if word in _WRITING:
        return ("letter" if _asks_for_writing(tokens, place) else None), 1
    kind = _KINDS.get(word)
    if kind is None or (before in _NOT_BEFORE.get(word, ()) and tokens[place].gap.strip() in ("", "-")):
        return None, 1
    if word == "brief" and not tokens[place].capital:
        return None, 1
    return (None if _is_own_work(tokens, place) else kind), 1


def _asks_for_writing(tokens: Sequence[Token], place: int) -> bool:
    """ "What did Herzl write to him" and "wrote home"; not "I am writing to you", "who wrote the poem"."""
    before = [token.word for token in tokens[max(0, place - 7) : place]]
    after = [token.word for token in tokens[place + 1 : place + 3]]
    if _ASKERS & set(before):
        return False
    return bool({"to", "home", "an", "a", "from"} & set(after[:1])) or "did" in before


def _is_own_work(tokens: Sequence[Token], place: int) -> bool:
    """Whether the patron writes, or studies for, the thing named: "I am writing a report on ..."."""
    before = [token.word for token in tokens[max(0, place - 4) : place]]
    return (
        bool(before)
        and before[-1] in _OWN_WORK | {"short"}
        and bool({"writing", "doing", "for"} & set(before))
    )


def _is_negated(tokens: Sequence[Token], place: int) -> bool:
    if "," in tokens[place].gap:
        return False  # "not letters, diaries"
    before = [token.word for token in tokens[max(0, place - 2) : place]]
    return bool(_NEGATIONS & set(before)) and not {"there", "are"} & set(before[:1])
