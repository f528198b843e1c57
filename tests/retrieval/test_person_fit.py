"""Names held against who was asked for: inverted, by initial, by surname alone, and somebody else's."""

from __future__ import annotations

import pytest

from retrieval.asked.questions import Person
from retrieval.ranking.person_fit import CONFLICT, ENOUGH, fit_name, fit_run, judge_person
from tests.retrieval.shelf import make_record


@pytest.mark.parametrize(
    ("asked", "name", "fit"),
    [
        ("benjamin rush", "Rush, Benjamin, 1746-1813", 1.0),
        ("benjamin rush", "Benjamin Rush", 1.0),
        ("james rush", "Rush, Benjamin, 1746-1813", CONFLICT),
        ("david rittenhouse", "Rittenhouse", 0.65),
        ("w h adams", "Adams, William Henry, 1840-1900", 0.95),
        ("rush", "Rush, Benjamin", 1.0),
        ("benjamin rush", "Rushmore, Benjamin", 0.0),
        ("thomas dixon", "Thomas Dixon, Jr.", 1.0),
        ("thomas dixon", "Dixon, Thomas, Jr.", 1.0),
    ],
)
def test_a_name_as_written(asked: str, name: str, fit: float) -> None:
    assert fit_name(asked.split(), name) == pytest.approx(fit)


@pytest.mark.parametrize(
    ("asked", "text", "fit"),
    [
        ("thomas parke", "T[homas] Parke ALS to Humphrey Marshall", 1.0),
        ("sarah wadley", "Sarah Lois Wadley papers", 1.0),
        ("david rittenhouse", "28 October 1795, Rittenhouse", 0.65),
        ("david rittenhouse", "Rittenhouse, Benjamin", CONFLICT),
        ("david rittenhouse", "Benjamin Rittenhouse ALS", CONFLICT),
        ("david rittenhouse", "A letter about the mill", 0.0),
        ("william taft", "Wiliam Taft", 1.0),
    ],
)
def test_a_name_in_running_text(asked: str, text: str, fit: float) -> None:
    assert fit_run(asked.split(), text) == pytest.approx(fit)


def judge(role: str, **fields: object) -> float:
    record = make_record(**{"title": "A letter", "collection": "Papers", **fields})
    return judge_person(Person(("ellen", "marsh"), role, "Ellen Marsh"), record)  # type: ignore[arg-type]


def test_the_role_asked_for_comes_before_the_other_and_before_no_role() -> None:
    wrote = judge("sender", senders=("Marsh, Ellen",))
    named = judge("sender", names=("Marsh, Ellen",))
    above = judge("sender", breadcrumb=("Ellen Marsh papers",))
    told = judge("sender", text="She met Ellen Marsh there.")
    received = judge("sender", recipients=("Marsh, Ellen",))
    assert wrote > named > above > told > received
    assert (wrote, received) == (0.91, 0.2)
    assert judge("recipient", recipients=("Marsh, Ellen",)) == 0.91
    assert judge("any", recipients=("Marsh, Ellen",)) == 0.91
    assert received < ENOUGH < above


def test_a_forename_under_a_familys_title_is_that_person() -> None:
    assert judge("any", title="Ellen, 1905", breadcrumb=("Marsh family papers",)) > ENOUGH
    assert judge("any", title="Harriet, 1905", breadcrumb=("Marsh family papers",)) < 0.6


def test_nobody_is_found_in_nothing() -> None:
    assert judge("any") == 0.0


def test_who_wrote_to_whom_is_surer_than_who_wrote() -> None:
    marsh = Person(("ellen", "marsh"), "any", "Ellen Marsh")
    both = make_record(senders=("Marsh, Ellen",), recipients=("Hale, Otto",))
    assert judge_person(marsh, both) == 1.0
    assert judge_person(marsh, make_record(senders=("Marsh, Ellen",))) == 0.91
    assert judge_person(marsh, make_record(title="Marsh, Ellen")) == 0.9


def test_bob_may_be_robert() -> None:
    robert = Person(("robert", "adelman"), "any", "Robert Adelman")
    assert judge_person(robert, make_record(names=("Adelman, Bob",))) > 0.8
    assert judge_person(robert, make_record(names=("Adelman, Rosa",))) < 0.3
