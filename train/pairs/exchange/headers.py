"""Names of columns and keys, in other words and other languages, as fields of a pair."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal, get_args

Field = Literal[
    "id",
    "question",
    "input",
    "answer",
    "evidence",
    "passages",
    "history",
    "kind",
    "origin",
    "contributor",
    "approver",
    "waiver",
    "consent",
    "licence",
    "language",
]
"""What a column may be. `evidence` names records, `passages` holds their text, and `input` is what the
question is about where a form keeps it apart; the others are a pair's own."""
SEVERAL: frozenset[Field] = frozenset({"evidence", "passages"})
"""What may stand in several columns: evidence 1, evidence 2."""

FIELDS: tuple[Field, ...] = get_args(Field)


def fold(header: str) -> str:
    """A header as compared with the synonyms: letters and digits only."""
    plain = unicodedata.normalize("NFKD", header).casefold().replace("ø", "o").replace("æ", "ae")
    return re.sub(r"[\W_]+", "", "".join(sign for sign in plain if not unicodedata.combining(sign)))


_SYNONYMS: dict[Field, str] = {
    "question": "question questions query prompt instruction instructions userquestion patronquestion "
    "usermessage ask asked q frage fragen anfrage nutzerfrage pregunta preguntas consulta domanda "
    "domande vraag vragen pergunta perguntas fraga sporsmal sporgsmal kysymys pytanie otazka kerdes "
    "intrebare soru вопрос питання въпрос ερωτηση 问题 問題 質問 質問文 질문 سؤال שאלה",
    "input": "input",
    "answer": "answer answers response reply output completion correctanswer goldanswer "
    "referenceanswer groundtruth target a antwort antworten reponse reponses respuesta respuestas risposta "
    "risposte antwoord antwoorden resposta respostas svar vastaus odpowiedz odpoved valasz raspuns cevap "
    "ответ відповідь отговор απαντηση 答案 回答 回复 応答 답변 جواب תשובה",
    "evidence": "evidence record records recordid recordids source sources sourceid reference references "
    "citation citations callnumber callnumbers callno shelfmark identifier "
    "beleg belege quelle quellen nachweis "
    "signatur signaturen datensatz cote cotes fuente fuentes signatura fonte fonti segnatura bron bronnen "
    "fontes cota kallor kilde kilder sygnatura шифр источник",
    "passages": "passages passage context contexts evidencetext sourcetext excerpt excerpts textstelle "
    "textstellen kontext contexte contexto contesto passaggi pasaje pasajes",
    "history": "history conversation chathistory previousturns earlierturns verlauf gesprachsverlauf "
    "historique historial cronologia geschiedenis historico",
    "kind": "kind type answertype art typ genre tipo soort",
    "id": "id pairid rowid key kennung identifiant",
    "origin": "origin herkunft origine origen herkomst origem",
    "contributor": "contributor author contributedby createdby writer verfasser verfasserin autor autorin "
    "autore auteur bearbeiter beitragende contributeur",
    "approver": "approver approvedby reviewer freigegebenvon approbateur aprobadopor approvatoda",
    "waiver": "waiver waiverreason verzicht derogation",
    "consent": "consent permission einwilligung zustimmung consentement consentimiento consenso toestemming "
    "consentimento samtycke samtykke",
    "licence": "licence license rights lizenz rechte licencia licenza licentie licenca licens lisens",
    "language": "language lang languagecode locale sprache langue idioma lingua taal sprak sprog kieli jezyk "
    "язык",
}  # fmt: skip
_FIELD_OF: dict[str, Field] = {
    fold(synonym): name for name, synonyms in _SYNONYMS.items() for synonym in synonyms.split()
}


def field_of(header: str) -> Field | None:
    """The field that a header names; None for none. Case, accents, spaces and signs do not matter."""
    folded = fold(header)
    found = _FIELD_OF.get(folded) or _FIELD_OF.get(folded.rstrip("0123456789"))
    return found if folded in _FIELD_OF or found in SEVERAL else None


def list_names(names: Sequence[str], most: int = 20) -> str:
    """Names as a person reads them: “question”, “answer” and 3 others."""
    shown = [f"“{' '.join(name.split())[:40]}”" for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} others"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


EXPECTED = (
    "Expected are question and answer (also prompt and completion, Frage and Antwort, pregunta and "
    "respuesta, ...), and if you have them evidence, passages, history, kind, language, licence, consent, "
    "contributor and id"
)
