"""Wrong sources as examples that the embedding model can learn from."""

from __future__ import annotations

from collections.abc import Iterable

from serve.curation.tables import RetrievalCase
from train.embedding.example import Example, Shown


def make_examples(cases: Iterable[RetrievalCase]) -> list[Example]:
    """An example of each case that names the right record and whose patron agreed that it is kept.

    A case that is tied to its feedback's time may be looked at for as long as that is there, and not
    learned from: a model cannot forget it on the day.
    """
    return [
        Example(
            id=case.id,
            question=case.question,
            positives=(Shown(record=case.right),),
            negatives=tuple(Shown(record=record) for record in case.wrong if record != case.right),
            cluster=case.right,
            origin="wrong_source",
        )
        for case in cases
        if case.right and case.feedback is None
    ]
