"""Wrong sources become examples, those alone whose patron agreed and whose right record is known."""

from __future__ import annotations

from datetime import UTC, datetime

from serve.curation.case_examples import make_examples
from serve.curation.tables import RetrievalCase
from train.embedding.example import Example, Shown


def make_case(name: str, right: str, feedback: str | None = None) -> RetrievalCase:
    return RetrievalCase(
        id=name,
        created=datetime(2026, 11, 21, tzinfo=UTC),
        who="Ada",
        source="turn-1",
        feedback=feedback,
        question="Who took the photograph of the bridge?",
        wrong=["ms1/2", "ms1/3"],
        right=right,
        index_version="20261121T200000-00000000",
    )


def test_only_agreed_cases_with_a_right_record() -> None:
    cases = [make_case("a", "ms1/3"), make_case("b", ""), make_case("c", "ms1/3", feedback="feedback-1")]
    assert make_examples(cases) == [
        Example(
            id="a",
            question="Who took the photograph of the bridge?",
            positives=(Shown(record="ms1/3"),),
            negatives=(Shown(record="ms1/2"),),
            cluster="ms1/3",
            origin="wrong_source",
        )
    ]
