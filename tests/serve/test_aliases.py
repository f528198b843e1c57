"""Names a client may ask for, and who answers."""

from __future__ import annotations

import pytest

from serve.adapters.alias import BASE, Alias, Rollout
from serve.adapters.registry import Snapshot
from serve.aliases import Aliases, Route, draw, name_conversation, to_percent
from serve.errors import UnknownModel
from serve.schemas import ChatRequest

OLD, NEW, FORMAL, GONE = (
    "terse--v1-0a1b2c3d",
    "terse--v12-ffffffff",
    "formal--v2-00000000",
    "terse--v3-aaaaaaaa",
)
STATES = {OLD: "stable", NEW: "canary", FORMAL: "loaded", GONE: "retired"}
ROLLOUT = Rollout("f00d", NEW, 25, automatic=False, answers_needed=100)


def make(*aliases: Alias, collections: dict[str, str] | None = None, default: str = "") -> Aliases:
    return Aliases("reader", STATES, {alias.name: alias for alias in aliases}, collections or {}, default)  # type: ignore[arg-type]


TRIED = Alias("terse", 3, OLD, (), ROLLOUT)
PLAIN = Alias("terse", 2, OLD, (), None)


def ask(*texts: str, **fields: object) -> ChatRequest:
    roles = ["user", "assistant"] * len(texts)
    messages = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]
    return ChatRequest.model_validate({"messages": messages, **fields})


def test_a_name_is_an_alias_a_version_or_the_base() -> None:
    aliases = make(PLAIN)
    assert aliases.resolve("terse") == Route(OLD, "terse")
    assert aliases.resolve(FORMAL) == Route(FORMAL)
    assert aliases.resolve("reader") == aliases.resolve("base") == Route("reader")
    assert aliases.resolve("default") == Route("reader", "default")
    assert aliases.versions == (FORMAL, OLD, NEW)
    assert aliases.names == ("default", "terse")


def test_default_follows_the_setting_until_somebody_promotes_to_it() -> None:
    assert make(PLAIN, default="terse").resolve("default") == Route(OLD, "terse")
    assert make(PLAIN, default=FORMAL).resolve("default") == Route(FORMAL)
    promoted = Alias("default", 1, BASE, (), None)
    assert make(PLAIN, promoted, default="terse").resolve("default") == Route("reader", "default")


@pytest.mark.parametrize("name", ["nowhere", GONE, "default"])
def test_a_default_that_may_not_answer_is_passed_over_for_the_base(name: str) -> None:
    snapshot = Snapshot(1, (), (PLAIN,), {})
    aliases = Aliases.from_snapshot("reader", snapshot, name)
    assert aliases.stable("default") == aliases.resolve("default").version == "reader"
    assert Aliases.from_snapshot("reader", snapshot, "terse").resolve("default") == Route(OLD, "terse")


@pytest.mark.parametrize("name", ["gpt-4", "terse--v2-ffffffff", "../reader", "READER", "default\n", "tеrse"])
def test_an_unknown_name_is_refused_with_the_choices(name: str) -> None:
    with pytest.raises(UnknownModel, match=f"Use one of: default, {FORMAL}, reader, terse, "):
        make(PLAIN).resolve(name)


def test_a_retired_version_is_said_to_be_retired() -> None:
    with pytest.raises(UnknownModel, match=f"{GONE} is retired. Use one of"):
        make(PLAIN).resolve(GONE)


def test_a_share_is_kept_and_a_conversation_stays_where_it_is() -> None:
    aliases = make(TRIED)
    routes = {f"c{n}": aliases.resolve("terse", f"c{n}") for n in range(20_000)}
    tried = [name for name, route in routes.items() if route.version == NEW]
    assert abs(len(tried) / 20_000 - 0.25) < 0.01
    assert all(aliases.resolve("terse", name) == routes[name] for name in routes)
    drawn = draw("f00d", tried[0]).hex()
    assert routes[tried[0]] == Route(NEW, "terse", "f00d", 25, "candidate", drawn)
    stable = next(name for name in routes if name not in tried)
    assert (routes[stable].version, routes[stable].arm) == (OLD, "stable")


def test_whoever_is_in_stays_in_when_the_share_grows() -> None:
    small = {n for n in range(5_000) if to_percent(draw("f00d", str(n))) < 5}
    large = {n for n in range(5_000) if to_percent(draw("f00d", str(n))) < 50}
    assert small < large
    other = {n for n in range(5_000) if to_percent(draw("beef", str(n))) < 50}
    assert abs(len(large & other) / 5_000 - 0.25) < 0.03, "two rollouts must draw independently"


def test_a_collection_may_have_an_alias_of_its_own() -> None:
    aliases = make(PLAIN, collections={"photographs": "terse", "lost": "no-such"})
    assert aliases.resolve_for("photographs", "c").version == OLD
    assert aliases.resolve_for("letters", "c") == Route("reader", "default")


def test_a_conversation_is_known_by_its_id_or_by_how_it_began() -> None:
    first, later = ask("Any letters?"), ask("Any letters?", "Yes [1].", "From whom?")
    assert name_conversation(first) == name_conversation(later)
    assert name_conversation(first) != name_conversation(ask("Any maps?"))
    assert name_conversation(first) != name_conversation(ask("Any letters?", user="u1"))
    named = {"reading_room": {"conversation": "c1"}}
    assert name_conversation(ask("Any letters?", **named)) == name_conversation(ask("Any maps?", **named))
