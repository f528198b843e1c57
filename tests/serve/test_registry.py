"""Versions in the registry: who may become what, and what was written down, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from sqlalchemy import Executable, delete, text, update
from sqlalchemy.exc import DBAPIError

from serve.adapters.registry import BASE, Alias, Registry, State
from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.tables import AdapterEvent
from tests.serve.registry_parts import A, B, C, D, alias_of, bring_to, fill, make, promote, state_of


def test_a_registered_version_says_what_it_is(registry: Registry) -> None:
    made = registry.register(make(A), reference={"probes": [1.5]}, who="ada", why="run 1")
    assert (made.name, made.adapter, made.number, made.state) == (A, "letters", 1, "validated")
    assert (made.sha256, made.base_sha256) == ("00000001" + "0" * 56, "b" * 64)
    assert (made.rank, made.targets, made.lineage) == (8, ("q_proj", "v_proj"), {"run": "r1"})
    assert (made.reference, made.problem, made.created_by) == ({"probes": [1.5]}, "", "ada")
    assert made.created.tzinfo is not None
    assert registry.snapshot().versions == (made,)
    again = registry.register(make(A), reference={"probes": [2]}, who="bob")
    assert again == made
    assert [(event.who, event.what, event.why) for event in registry.events(A)] == [
        ("ada", "validated", "run 1")
    ]


def test_a_staged_version_becomes_validated_with_its_reference(registry: Registry) -> None:
    assert registry.stage(make(A), who="ada").state == "staged"
    with pytest.raises(Conflict, match="is staged; expected one of validated, loaded, canary, stable"):
        promote(registry, A)
    made = registry.register(make(A), reference={"probes": [1]}, who="ada")
    assert (made.state, made.reference) == ("validated", {"probes": [1]})
    assert registry.stage(make(A), who="ada").state == "validated"
    assert [event.what for event in registry.events(A)] == ["staged", "validated"]


def test_the_reference_in_the_manifest_is_taken_where_none_was_computed(registry: Registry) -> None:
    carried = replace(make(A), lineage={"run": "r1", "reference": {"probes": [1]}})
    assert registry.stage(carried, who="ada").reference == {"probes": [1]}
    made = registry.register(carried, who="ada")
    assert (made.reference, made.lineage) == ({"probes": [1]}, {"run": "r1"})
    (adopted,) = registry.adopt([replace(carried, name=B)], who="gateway")
    assert (adopted.reference, adopted.lineage) == ({"probes": [1]}, {"run": "r1"})
    registry.stage(replace(carried, name=C), who="ada")
    computed = registry.register(replace(carried, name=C), reference={"probes": [2]}, who="ada")
    assert computed.reference == {"probes": [2]}
    odd = registry.register(replace(make(D), lineage={"reference": "odd"}), who="ada")
    assert (odd.reference, odd.lineage) == (None, {})


def test_what_may_not_be_registered(registry: Registry) -> None:
    with pytest.raises(BadRequest, match="weights are cut"):
        registry.register(replace(make(A), problems=("weights are cut",)), who="ada")
    registry.register(make(A), who="ada")
    altered = replace(make(A), sha256="00000001" + "f" * 56)
    with pytest.raises(Conflict, match="known with weights 000000010000…, the folder has 00000001ffff…"):
        registry.register(altered, who="ada")
    registry.mark(A, "failed", problem="probes differ", who="gateway")
    with pytest.raises(Conflict, match="is failed: probes differ"):
        registry.register(make(A), who="ada")
    registry.purge(A, who="ada")
    with pytest.raises(Conflict, match="is purged: probes differ"):
        registry.register(make(A), who="ada")
    assert [version.name for version in registry.snapshot().versions] == [A]


def test_a_version_moves_only_where_it_may(registry: Registry) -> None:
    allowed = {
        "staged": {"validated", "failed", "retired"},
        "validated": {"loaded", "failed", "retired"},
        "loaded": {"failed", "retired"},
        "canary": {"failed"},
        "stable": {"failed"},
        "retired": {"purged"},
        "failed": {"purged"},
        "purged": set(),
    }
    unmoved = {("canary", "loaded"), ("stable", "loaded")}
    number = 0
    for before in get_args(State):
        for after in get_args(State):
            number += 1
            name = bring_to(registry, before, number)
            newest = registry.changes()
            if before == after or (before, after) in unmoved:
                assert registry.mark(name, after, who="ada").state == before
                assert registry.changes() == newest, (before, after)
            elif after in allowed[before]:
                assert registry.mark(name, after, who="ada").state == after
                event = registry.events(name, after=newest)[0]
                assert (event.what, event.details) == (after, {"before": before, "after": after})
            else:
                with pytest.raises(Conflict, match=name):
                    registry.mark(name, after, who="ada")
                assert (state_of(registry, name), registry.changes()) == (before, newest)


def test_an_unknown_version_or_state_is_said_so(registry: Registry) -> None:
    with pytest.raises(NotFound, match="There is no adapter version 'gone'"):
        registry.mark("gone", "loaded", who="ada")
    fill(registry, A)
    with pytest.raises(BadRequest, match="found 'resting'"):
        registry.mark(A, "resting", who="ada")  # type: ignore[arg-type]
    with pytest.raises(NotFound, match=f"There is no adapter version '{B}'"):
        promote(registry, B)
    assert registry.snapshot().aliases == ()


def test_a_failed_version_is_withdrawn_everywhere_at_once(registry: Registry) -> None:
    fill(registry, A, B, C)
    promote(registry, A)
    promote(registry, B)
    promote(registry, C, 25)
    promote(registry, B, alias="only")
    registry.mark(B, "failed", problem="answers differ from peft's", who="gateway")
    # The candidate was compared with B, so its rollout is over too.
    assert alias_of(registry) == Alias("default", 4, A, (BASE,), None)
    assert alias_of(registry, "only") == Alias("only", 2, BASE, (), None)
    assert [state_of(registry, name) for name in (A, B, C)] == ["stable", "failed", "loaded"]
    promote(registry, C, 25)
    registry.mark(C, "failed", who="gateway")
    assert alias_of(registry) == Alias("default", 6, A, (BASE,), None)
    registry.mark(A, "failed", who="gateway")
    assert alias_of(registry) == Alias("default", 7, BASE, (), None)
    assert [event.details["problem"] for event in registry.events(B) if event.what == "failed"] == [
        "answers differ from peft's"
    ]


def test_retire_and_purge_only_what_nobody_needs(registry: Registry) -> None:
    fill(registry, A, B)
    promote(registry, A)
    with pytest.raises(Conflict, match=f"The alias default points to {A}"):
        registry.retire(A, who="ada")
    promote(registry, B)
    with pytest.raises(Conflict, match=f"default would go back to {A} at a rollback"):
        registry.retire(A, who="ada")
    with pytest.raises(Conflict, match=f"{A} is loaded and cannot become purged. Retire it first"):
        registry.purge(A, who="ada")
    registry.rollback("default", who="ada")
    assert registry.retire(B, who="ada", why="worse").state == "retired"
    with pytest.raises(Conflict, match=f"{B} is retired; expected one of"):
        promote(registry, B)
    assert registry.purge(B, who="ada").state == "purged"
    assert [event.what for event in registry.events(B)] == [
        "validated", "stable", "loaded", "retired", "purged",
    ]  # fmt: skip


def test_the_database_itself_keeps_events_as_they_are(database: Database) -> None:
    registry = Registry(database)
    fill(registry, A)
    kept = registry.events()
    statements: list[Executable] = [update(AdapterEvent).values(who="nobody"), delete(AdapterEvent)]
    if database.engine.dialect.name == "postgresql":
        statements.append(text("TRUNCATE adapter_event"))
    for statement in statements:
        with (
            pytest.raises(DBAPIError, match="only ever appended to"),
            database.sessions.begin() as session,
        ):
            session.execute(statement)
        assert registry.events() == kept
    assert len(kept) == 1


def test_events_tell_who_what_and_why_with_before_and_after(registry: Registry) -> None:
    fill(registry, A)
    registry.promote("default", A, share=5, revision=0, who="bob\x00", why="try it\x00")
    registry.assign("photographs", "default", who="eve")
    registry.assign("photographs", "default", who="eve")
    registry.assign("photographs", None, who="eve", why="not yet")
    events = registry.events()
    assert [(e.who, e.kind, e.subject, e.what, e.why) for e in events] == [
        ("ada", "version", A, "validated", ""),
        ("bob", "alias", "default", "tried on 5 %", "try it"),
        ("bob", "version", A, "canary", "try it"),
        ("eve", "collection", "photographs", "assigned", ""),
        ("eve", "collection", "photographs", "unassigned", "not yet"),
    ]
    after = events[1].details["after"]
    assert events[1].details["before"] is None
    assert (after["revision"], after["rollout"]["candidate"], after["rollout"]["share"]) == (1, A, 5)
    assert events[4].details == {"before": "default", "after": None}
    assert registry.events("photographs") == events[3:]
    assert registry.events(after=events[0].id, limit=2) == events[1:3]


def test_adopting_what_lies_in_the_folder(registry: Registry) -> None:
    known, other = "known--v1-0000000a", "photos--v1-0000000b"
    fill(registry, known)
    broken = replace(make("maps--v1-0000000c"), problems=("cut short",))
    reserved = make("text--v1-0000000d")
    found = [make(A), make(B), make(other), make(known), broken, reserved]
    adopted = registry.adopt(found, who="gateway")
    assert [version.name for version in adopted] == [A, B, other, reserved.name]
    aliases = {alias.name: alias.stable for alias in registry.snapshot().aliases}
    # Not for `known`: staff added that one, and promote it when they want to.
    assert aliases == {"letters": B, "photos": other}
    newest = registry.changes()
    assert registry.adopt(found, who="gateway") == ()
    assert registry.changes() == newest
    registry.adopt([make(C)], who="gateway")
    assert alias_of(registry, "letters").stable == B
