"""Aliases in the registry: promoted, tried, rolled back, and what each change is refused for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from serve.adapters.registry import BASE, Alias, Registry
from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from tests.serve.registry_parts import A, B, C, D, alias_of, fill, promote, state_of


def test_promoting_and_going_back(registry: Registry) -> None:
    fill(registry, A, B)
    assert promote(registry, A) == Alias("default", 1, A, (BASE,), None)
    assert promote(registry, B) == Alias("default", 2, B, (BASE, A), None)
    assert (state_of(registry, A), state_of(registry, B)) == ("loaded", "stable")
    assert promote(registry, B).revision == 2
    assert registry.rollback("default", who="ada") == Alias("default", 3, A, (BASE,), None)
    assert (state_of(registry, A), state_of(registry, B)) == ("stable", "loaded")
    assert registry.rollback("default", revision=3, who="ada") == Alias("default", 4, BASE, (), None)
    with pytest.raises(Conflict, match="points to base, and nothing that it pointed to before may answer"):
        registry.rollback("default", who="ada")
    with pytest.raises(NotFound, match="no alias 'nobody'"):
        registry.rollback("nobody", who="ada")
    assert alias_of(registry).revision == 4


def test_a_rollout_by_steps(registry: Registry) -> None:
    fill(registry, A, B)
    promote(registry, A)
    first = promote(registry, B, 5)
    assert first.rollout is not None
    assert (first.stable, first.weights) == (A, {A: 95, B: 5})
    assert (state_of(registry, A), state_of(registry, B)) == ("stable", "canary")
    second = registry.promote(
        "default", B, share=50, automatic=True, answers_needed=40, revision=2, who="ada"
    )
    assert second.rollout == replace(first.rollout, share=50, automatic=True, answers_needed=40)
    assert second.weights == {A: 50, B: 50}
    same = registry.promote("default", B, share=50, automatic=True, answers_needed=40, revision=3, who="ada")
    assert same == second
    assert promote(registry, B) == Alias("default", 4, B, (BASE, A), None)
    assert (state_of(registry, A), state_of(registry, B)) == ("loaded", "stable")
    with pytest.raises(Conflict, match=f"{B} is what default points to already"):
        promote(registry, B, 25)


def test_a_rollout_ends_by_rollback_and_a_new_one_draws_anew(registry: Registry) -> None:
    fill(registry, A, B, C)
    promote(registry, A)
    first = promote(registry, B, 25)
    assert registry.rollback("default", who="ada") == Alias("default", 3, A, (BASE,), None)
    assert (state_of(registry, A), state_of(registry, B)) == ("stable", "loaded")
    second = promote(registry, B, 25)
    assert first.rollout and second.rollout and first.rollout.id != second.rollout.id
    third = promote(registry, C, 25)
    assert third.weights == {A: 75, C: 25}
    assert third.rollout and third.rollout.id != second.rollout.id
    assert [state_of(registry, name) for name in (A, B, C)] == ["stable", "loaded", "canary"]


def test_a_new_alias_may_start_as_a_rollout_beside_the_base(registry: Registry) -> None:
    fill(registry, A)
    started = promote(registry, A, 5)
    assert (started.revision, started.weights) == (1, {BASE: 95, A: 5})
    assert registry.rollback("default", who="ada") == Alias("default", 2, BASE, (), None)
    made = promote(registry, BASE, alias="plain")
    assert made == Alias("plain", 1, BASE, (), None)
    assert promote(registry, BASE, alias="plain") == made


def test_two_aliases_share_a_version(registry: Registry) -> None:
    fill(registry, A, B)
    promote(registry, A)
    promote(registry, A, 5, alias="letters")
    assert state_of(registry, A) == "stable"
    promote(registry, B)
    assert state_of(registry, A) == "canary"
    registry.rollback("letters", who="ada")
    assert state_of(registry, A) == "loaded"


def test_ten_earlier_versions_are_kept(registry: Registry) -> None:
    names = [f"letters--v{number}-{number:08x}" for number in range(1, 14)]
    fill(registry, *names)
    for name in names:
        promote(registry, name)
    assert alias_of(registry).previous == tuple(names[2:12])


def test_going_back_passes_over_what_may_not_answer(registry: Registry) -> None:
    fill(registry, A, B, C, D)
    for name in (A, B, A, C, D):
        promote(registry, name)
    registry.mark(C, "failed", who="gateway")
    assert registry.rollback("default", who="ada") == Alias("default", 6, A, (BASE, A, B), None)
    assert registry.rollback("default", who="ada") == Alias("default", 7, B, (BASE, A), None)
    assert registry.rollback("default", who="ada") == Alias("default", 8, A, (BASE,), None)


@pytest.mark.parametrize(
    "alias", ["", "Letters", "a" * 42, "-a", "../x", "text", "base", "a--b", A, "lettеrs", "a\n", "a b"]
)
def test_names_that_no_alias_may_have(tmp_path: Path, alias: str) -> None:
    database = Database(f"sqlite:///{tmp_path / 'room.sqlite'}")
    database.migrate()
    registry = Registry(database)
    fill(registry, A)
    with pytest.raises(BadRequest, match="alias"):
        promote(registry, A, alias=alias)
    assert registry.snapshot().aliases == ()
    database.close()


@pytest.mark.parametrize(("share", "answers"), [(0, 200), (33, 200), (101, 200), (5, 0), (5, 10_000_000)])
def test_shares_and_answers_that_are_refused(registry: Registry, share: int, answers: int) -> None:
    fill(registry, A)
    with pytest.raises(BadRequest, match="expected"):
        registry.promote("default", A, share=share, answers_needed=answers, revision=None, who="ada")
    assert registry.snapshot().aliases == ()


def test_the_one_who_is_late_is_told_what_holds_now(registry: Registry) -> None:
    fill(registry, A, B)
    with pytest.raises(Conflict, match="does not exist yet: its revision is 0, you gave 3"):
        registry.promote("default", A, revision=3, who="ada")
    registry.promote("default", A, revision=0, who="ada")
    with pytest.raises(Conflict, match=f"points to {A}, at revision 1; you had revision 0"):
        registry.promote("default", B, revision=0, who="bob")
    promote(registry, B, 25)
    with pytest.raises(Conflict, match=f"points to {A}, with {B} on 25 %, at revision 2; you had revision 1"):
        registry.rollback("default", revision=1, who="bob")
    assert alias_of(registry).weights == {A: 75, B: 25}


def test_a_collection_names_its_own_alias(registry: Registry) -> None:
    fill(registry, A, B)
    promote(registry, A, alias="photos")
    registry.assign("us/mss 12", "photos", who="ada")
    registry.assign("us/mss 13", "default", who="ada")
    assert registry.snapshot().collections == {"us/mss 12": "photos", "us/mss 13": "default"}
    with pytest.raises(NotFound, match="There is no alias 'gone'"):
        registry.assign("us/mss 12", "gone", who="ada")
    for wrong in ("", "x" * 301, "a\x00b"):
        with pytest.raises(BadRequest, match="1 to 300 characters"):
            registry.assign(wrong, "photos", who="ada")
    registry.assign("us/mss 12", None, who="ada")
    assert registry.snapshot().collections == {"us/mss 13": "default"}
