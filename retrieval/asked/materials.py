"""Kinds of material as patrons name them, in five languages, with what only looks like one left out."""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.asked.tokens import Token
from retrieval.records import Kind
from retrieval.spelling import count_slips

LABELS: dict[Kind, str] = {
    "letter": "letters", "diary": "diaries", "photograph": "photographs", "map": "maps",
    "drawing": "drawings and plans", "print": "prints", "film": "films", "sound": "sound recordings",
    "interview": "interviews", "minutes": "minutes", "account": "account books", "legal": "legal documents",
    "newspaper": "newspapers", "clipping": "clippings", "scrapbook": "scrapbooks",
    "programme": "programmes", "poster": "posters", "music": "music", "literary": "literary writings",
    "report": "reports", "speech": "speeches", "book": "books", "object": "objects",
}  # fmt: skip

_NAMES: dict[Kind, str] = {
    "letter": """letter letters correspondence correspondences correspondance telegram telegrams postcard
        postcards cable cables airmail email emails missive missives lettre lettres brief briefe briefwechsel
        korrespondenz postkarte postkarten carta cartas correspondencia correspondencias postales
        telegramme telegramas missivas""",
    "diary": """diary diaries journal journals tagebuch tagebucher journaux diario diarios""",
    "photograph": """photograph photographs photo photos photographic snapshot snapshots daguerreotype
        daguerreotypes tintype tintypes ambrotype ambrotypes stereograph stereographs stereoview stereoviews
        stereocard stereocards picture pictures photography portraits negatives slides photographies
        fotografie fotografien foto fotos fotografia fotografias retratos pics""",
    "map": """map maps atlas atlases plat plats carte cartes landkarte landkarten mapa mapas""",
    "drawing": """drawing drawings sketch sketches blueprint blueprints dessin dessins zeichnung zeichnungen
        dibujo dibujos desenho desenhos watercolor watercolors watercolour watercolours""",
    "print": """engraving engravings lithograph lithographs etching etchings woodcut woodcuts prints
        gravure gravures estampes kupferstich kupferstiche grabado grabados gravura gravuras""",
    "film": """film films footage movie movies video videos videotape videotapes newsreel newsreels filme
        peliculas""",
    "sound": """recording recordings audio audiotape audiotapes cassette cassettes tape tapes
        phonograph tonband tonaufnahme tonaufnahmen enregistrements grabaciones gravacoes""",
    "interview": """interview interviews entretien entretiens entrevista entrevistas""",
    "minutes": """minutes protokoll protokolle actas atas""",
    "account": """ledger ledgers daybook daybooks receipt receipts invoice invoices cashbook cashbooks
        bookkeeping rechnungen recibos facturas""",
    "legal": """deed deeds indenture indentures wills contract contracts affidavit affidavits mortgage
        mortgages deposition depositions lease leases urkunde urkunden testament testamento escrituras""",
    "newspaper": """newspaper newspapers gazette gazettes zeitung zeitungen journaux periodico periodicos
        jornal jornais""",
    "clipping": """clipping clippings cutting cuttings coupures zeitungsausschnitte recortes""",
    "scrapbook": """scrapbook scrapbooks""",
    "programme": """programme programmes playbill playbills programmheft programmhefte""",
    "poster": """poster posters broadside broadsides handbill handbills flyer flyers affiche affiches
        plakat plakate cartel carteles cartaz cartazes""",
    "music": """scores songbook songbooks hymnal hymnals partitions noten partituras partitura""",
    "literary": """poem poems poetry typescript typescripts stories poeme poemes gedicht gedichte poema poemas
        poesia""",
    "report": """report reports rapports bericht berichte informes relatorio relatorios""",
    "speech": """speech speeches sermon sermons lecture lectures oration orations discours rede reden
        discursos discurso predigt predigten""",
    "book": """pamphlet pamphlets books brochure brochures""",
    "object": """artifact artifacts artefact artefacts medal medals memorabilia badge badges uniform uniforms
        realia souvenir souvenirs medaille medaillen""",
}  # fmt: skip
_PAIRS: dict[tuple[str, str], Kind] = {
    ("oral", "history"): "interview", ("oral", "histories"): "interview", ("sheet", "music"): "music",
    ("account", "book"): "account", ("account", "books"): "account", ("minute", "book"): "minutes",
    ("minute", "books"): "minutes", ("scrap", "book"): "scrapbook", ("scrap", "books"): "scrapbook",
    ("glass", "plates"): "photograph", ("last", "will"): "legal", ("music", "manuscripts"): "music",
    ("architectural", "plans"): "drawing", ("building", "plans"): "drawing", ("floor", "plans"): "drawing",
    ("short", "story"): "literary", ("field", "notes"): "report", ("rare", "book"): "book",
    ("first", "edition"): "book", ("concert", "program"): "programme", ("concert", "programs"): "programme",
    ("theater", "program"): "programme", ("theater", "programs"): "programme",
    ("theatre", "program"): "programme", ("theatre", "programs"): "programme",
    ("printed", "program"): "programme", ("post", "card"): "letter", ("post", "cards"): "letter",
    ("home", "movies"): "film", ("court", "records"): "legal", ("log", "book"): "diary",
    ("financial", "records"): "account", ("press", "cuttings"): "clipping", ("song", "books"): "music",
}  # fmt: skip
_KINDS: dict[str, Kind] = {word: kind for kind, words in _NAMES.items() for word in reversed(words.split())}

ENGLISH_NAMES: dict[Kind, tuple[str, ...]] = {
    kind: ("letters", "correspondence", "letter", "wrote", "write", "written")
    if kind == "letter"
    else tuple(dict.fromkeys([*LABELS[kind].split(), *words.split()[:4]]))
    for kind, words in _NAMES.items()
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
    "cable": frozenset({"tv"}), "slides": frozenset("my our lecture".split()),
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
    for place in range(len(tokens)):
        kind = None if place in taken else _read_kind(tokens, place)
        if kind and not _is_negated(tokens, place):
            found.append(kind)
    return tuple(dict.fromkeys(found))


def is_material(word: str) -> bool:
    """Whether a folded word names a kind of material."""
    return word in _KINDS


def correct_material(word: str) -> str:
    """The English word for a material that a misspelt one stands for; "" for none."""
    if len(word) < _SLIPS_SHORTEST or word in _KINDS or word in _REAL_WORDS:
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


def _read_kind(tokens: Sequence[Token], place: int) -> Kind | None:
    word = tokens[place].word
    if place + 1 < len(tokens) and (pair := _PAIRS.get((word, tokens[place + 1].word))):
        return pair
    if place and (tokens[place - 1].word, word) in _PAIRS:
        return None
    before = tokens[place - 1].word if place else ""
    if word in _WRITING:
        return "letter" if _asks_for_writing(tokens, place) else None
    kind = _KINDS.get(word)
    if kind is None or (before in _NOT_BEFORE.get(word, ()) and not tokens[place].gap.strip()):
        return None
    if word == "brief" and not tokens[place].capital:
        return None
    return None if _is_own_work(tokens, place) else kind


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
    before = [token.word for token in tokens[max(0, place - 2) : place]]
    return bool(_NEGATIONS & set(before)) and not {"there", "are"} & set(before[:1])
