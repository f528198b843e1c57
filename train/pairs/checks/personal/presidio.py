"""Hints of Presidio, where the extra `personal-data` is installed; nothing where it is not.

Presidio would download a language model by itself. Here it gets none: it runs with an empty English
pipeline, so that only its recognisers by pattern and check digit speak. A spaCy model that somebody has
installed beside it (`en_core_web_sm` and the like, as a package) is used, and then names are hinted too.
Its recognisers of e-mail and web addresses ask the network for a list of domains (tldextract); they are
left out, as our own rules know those.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from train.pairs.checks.personal.datum import Datum

_MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm")
_ASKING_THE_NETWORK = ("EmailRecognizer", "UrlRecognizer")
_LEAST = 0.5
"""Least score of a hint; by pattern alone Presidio gives less."""
_NOT_ASKED = {"DATE_TIME", "URL", "NRP", "LOCATION", "ORGANIZATION"}
"""What collections are full of."""
_KINDS = {"PERSON": "name", "PHONE_NUMBER": "telephone number", "CRYPTO": "crypto wallet"}


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("presidio_analyzer") is not None


def find_hints(text: str) -> Iterator[Datum]:
    """What Presidio takes for personal data in a text, as English."""
    analyzer = _open()
    if analyzer is None:
        return
    for result in analyzer.analyze(text=text, language="en", score_threshold=_LEAST):
        if result.entity_type not in _NOT_ASKED:
            label = _KINDS.get(result.entity_type, result.entity_type.replace("_", " ").lower())
            yield Datum("name", text[result.start : result.end], result.start, result.end, label)


@lru_cache(maxsize=1)
def _open() -> Any | None:  # noqa: ANN401 (presidio_analyzer may not be installed)
    """The analyser, or None. Its own opening would fetch a model, so it is given a pipeline."""
    if not is_installed():
        return None
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    model = next((name for name in _MODELS if find_spec(name)), "")

    class Opened(SpacyNlpEngine):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"en": spacy.load(model) if model else spacy.blank("en")}

        def load(self) -> None:
            """Nothing more to load."""

    engine = Opened()
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    for name in (*_ASKING_THE_NETWORK, *(() if model else ("SpacyRecognizer",))):
        registry.remove_recognizer(name)
    return AnalyzerEngine(nlp_engine=engine, registry=registry, supported_languages=["en"])
