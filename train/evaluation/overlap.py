"""How like a known answer an answer is, word for word: the measures that papers report.

Citations are taken out on both sides. Words are compared in lower case and without accents
(`retrieval.words.split_words`), for all measures but chrF, which looks at the text as it stands. BLEU and
chrF are sentence scores of sacreBLEU (Post 2018) over 100; ROUGE-L is that of rouge-score (Lin 2004);
METEOR is NLTK's (Lavie and Agarwal 2007) with exact and stemmed matches. Its matches of synonyms would need
WordNet, which is a download: no measure here opens a file or a connection.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from retrieval.words import split_words

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

_CITED = re.compile(r"\s*\[\d{1,2}\]")


@dataclass(frozen=True, slots=True)
class Overlap:
    """All from 0 (nothing in common) to 1 (the same)."""

    exact_match: float
    token_precision: float
    token_recall: float
    token_f1: float
    rouge_l: float
    bleu: float
    chrf: float
    meteor: float


@lru_cache(maxsize=4096)
def measure_overlap(answer: str, right: str) -> Overlap:
    """Hold an answer against the known one. Versions often say the same: it is measured once."""
    answer, right = _CITED.sub("", answer).strip(), _CITED.sub("", right).strip()
    said, known = split_words(answer), split_words(right)
    if not said or not known:
        same = 1.0 if said == known else 0.0
        return Overlap(same, same, same, same, same, same, same, same)
    precision, recall, f1 = _share_tokens(said, known)
    return Overlap(
        exact_match=float(said == known),
        token_precision=precision,
        token_recall=recall,
        token_f1=f1,
        rouge_l=_rouge(answer, right),
        bleu=_bleu(" ".join(said), " ".join(known)),
        chrf=_chrf(answer, right),
        meteor=_meteor(said, known),
    )


def _share_tokens(said: list[str], known: list[str]) -> tuple[float, float, float]:
    common = sum((Counter(said) & Counter(known)).values())
    precision, recall = common / len(said), common / len(known)
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


class _Words:
    """rouge-score's own tokenizer drops every letter outside a to z."""

    def tokenize(self, text: str) -> list[str]:
        return split_words(text)


class _NoSynonyms:
    """In the place of WordNet."""

    def synsets(self, word: str) -> Iterable[object]:
        return ()


@cache
def _load_rouge() -> RougeScorer:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Words())


@cache
def _load_sacrebleu() -> tuple[BLEU, CHRF]:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    # Answers are short: without effective order, one of three words has no BLEU at all.
    return BLEU(effective_order=True, tokenize="none"), CHRF()


def _rouge(answer: str, right: str) -> float:
    return float(_load_rouge().score(right, answer)["rougeL"].fmeasure)


def _bleu(answer: str, right: str) -> float:
    return min(1.0, float(_load_sacrebleu()[0].sentence_score(answer, [right]).score) / 100)


def _chrf(answer: str, right: str) -> float:
    return min(1.0, float(_load_sacrebleu()[1].sentence_score(answer, [right]).score) / 100)


def _meteor(said: list[str], known: list[str]) -> float:
    from nltk.translate.meteor_score import single_meteor_score

    return float(single_meteor_score(known, said, wordnet=_NoSynonyms()))
