"""Who may do what, held against a table that was written out by hand, for every role and owner."""

from __future__ import annotations

import pytest

from serve.people.authority import Action, Actor, Role, may

TABLE = """
ask                   patron client curator approver administrator
give feedback         patron client curator approver administrator
keep conversation     patron client curator approver administrator   own
read page             stranger patron client curator approver administrator
read status           stranger patron client curator approver administrator
sign in               stranger patron client curator approver administrator
manage own session    curator approver administrator   own
read inbox            curator approver administrator
judge answers         curator approver administrator
edit pairs            curator approver administrator
approve pairs         approver administrator
import pairs          curator approver administrator
read datasets         curator approver administrator
build datasets        approver administrator
read exam             administrator
read usage            curator approver administrator
read adapters         curator approver administrator
manage adapters       administrator
read comparisons      curator approver administrator
run comparisons       approver administrator
compare answers       patron client curator approver administrator
read training         curator approver administrator
manage training       approver administrator
read sources          curator approver administrator
manage instructions   approver administrator
read settings         administrator
read audit            administrator
erase                 administrator
manage people         administrator
manage keys           administrator
"""
ALLOWED = {line[:22].strip(): set(line[22:].split()) for line in TABLE.strip().splitlines()}
OWNERS = {"none": None, "own": "mine", "named": "spoken for", "another's": "theirs", "nobody's": ""}


def test_the_table_has_every_action() -> None:
    assert set(ALLOWED) == {action.value for action in Action}


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("role", list(Role))
def test_who_may(role: Role, action: Action) -> None:
    allowed = ALLOWED[action]
    actor = Actor(role, "mine", "name", frozenset({action}), "spoken for")
    for kind, owner in OWNERS.items():
        owned = "own" in allowed and kind in ("another's", "nobody's")
        assert may(actor, action, owner) is (role in allowed and not owned), kind


@pytest.mark.parametrize("action", list(Action))
def test_a_key_opens_only_what_it_was_made_for(action: Action) -> None:
    others = frozenset(Action) - {action}
    assert not may(Actor(Role.CLIENT, "mine", scopes=others), action)
    assert not may(Actor(Role.CLIENT, "mine"), action)


def test_who_has_no_id_owns_nothing() -> None:
    for owner in ("", "theirs"):
        assert not may(Actor(Role.PATRON), Action.KEEP_CONVERSATION, owner)
        assert not may(Actor(Role.ADMINISTRATOR), Action.MANAGE_OWN_SESSION, owner)
