"""Rollouts move by themselves: on after enough good answers, back to 0 on a breach, once each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from serve.adapters.folder import list_adapters
from serve.adapters.registry import BASE, Alias, Registry
from serve.database import Database
from serve.errors import NotFound
from serve.rollout.controller import GUARD, STEPPER, describe, review
from serve.rollout.counts import Arm, ArmCounts, Outcome, Tally
from serve.settings import BUNDLED_READER
from tests.serve.made_adapters import make_adapter
from tests.serve.test_feedback import database as database

NEEDED = 25


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("adapters")
    make_adapter(made, BUNDLED_READER, "letters", seed=1)
    return made


@pytest.fixture
def registry(database: Database, folder: Path) -> Iterator[Registry]:
    """A registry with the alias `letters`: the base is stable, the only version may be tried."""
    registry = Registry(database)
    registry.register(list_adapters(folder)[0], who="test")
    registry.promote("letters", BASE, revision=None, who="test")
    yield registry


def find(registry: Registry) -> Alias:
    return next(alias for alias in registry.snapshot().aliases if alias.name == "letters")


def try_out(registry: Registry, *, automatic: bool = True, share: int = 5) -> Alias:
    version = registry.snapshot().versions[0].name
    return registry.promote(
        "letters", version, share=share, automatic=automatic, answers_needed=NEEDED, revision=None, who="test"
    )


def answer(registry: Registry, database: Database, arm: Arm, times: int, **kinds: bool) -> None:
    """That many answers of one arm at the share there is now."""
    rollout = find(registry).rollout
    assert rollout
    tally = Tally()
    for _ in range(times):
        tally.add(Outcome(rollout.id, rollout.share, arm, conversation="", **kinds))
    tally.flush(database)


def test_an_automatic_rollout_goes_all_the_way(registry: Registry, database: Database) -> None:
    started = try_out(registry)
    assert started.rollout
    seen = []
    for share in (5, 25, 50):
        answer(registry, database, "stable", 500)
        answer(registry, database, "candidate", NEEDED - 1)
        review(registry, database)
        rollout = find(registry).rollout
        assert rollout
        seen.append((rollout.share, rollout.id))
        assert rollout.share == share
        answer(registry, database, "candidate", 1)
        review(registry, database)
    assert seen == [(share, started.rollout.id) for share in (5, 25, 50)]
    done = find(registry)
    assert (done.stable, done.rollout, done.previous[-1]) == (started.rollout.candidate, None, BASE)
    steps = [event for event in registry.events("letters") if event.who == STEPPER]
    assert [event.what for event in steps] == ["tried on 25 %", "tried on 50 %", "promoted"]
    assert [event.why for event in steps] == [
        f"25 answers at {share} %, no guard breached" for share in (5, 25, 50)
    ]
    review(registry, database)
    assert find(registry) == done


@pytest.mark.parametrize("automatic", [True, False])
def test_a_breach_returns_the_candidate_to_0(registry: Registry, database: Database, automatic: bool) -> None:
    """Also where enough answers for the next step have come in, and where steps are made by hand."""
    try_out(registry, automatic=automatic)
    answer(registry, database, "stable", 475)
    answer(registry, database, "candidate", NEEDED - 6)
    review(registry, database)
    assert find(registry).rollout
    answer(registry, database, "candidate", 6, thumbs_down=True)
    review(registry, database)
    alias = find(registry)
    assert (alias.stable, alias.rollout) == (BASE, None)
    assert alias.weights == {BASE: 100}
    last = registry.events("letters")[-1]
    assert (last.who, last.what) == (GUARD, "rollout ended")
    assert last.why.startswith(
        "thumbs down: 6 in 25 answers of the candidate against 0 in 475 of the stable version; by chance"
    )
    review(registry, database)
    assert find(registry) == alias


def test_a_rollout_by_hand_is_never_stepped_on(registry: Registry, database: Database) -> None:
    before = try_out(registry, automatic=False)
    answer(registry, database, "candidate", 10 * NEEDED)
    review(registry, database)
    assert find(registry) == before


def test_counts_that_stand_still_change_nothing(registry: Registry, database: Database) -> None:
    before = try_out(registry)
    answer(registry, database, "candidate", NEEDED - 1)
    change = registry.changes()
    for _ in range(5):
        review(registry, database)
    assert (find(registry), registry.changes()) == (before, change)


def test_answers_of_an_earlier_share_do_not_count_for_the_next_step(
    registry: Registry, database: Database
) -> None:
    try_out(registry)
    answer(registry, database, "candidate", 3 * NEEDED)
    for _ in range(3):
        review(registry, database)
    rollout = find(registry).rollout
    assert rollout and rollout.share == 25


def test_evidence_of_earlier_shares_counts_at_the_next(registry: Registry, database: Database) -> None:
    """Nine bad answers at 50 % do not suffice; with two more at 5 % they do."""
    try_out(registry)
    answer(registry, database, "candidate", 2, error=True)
    try_out(registry, share=50)
    answer(registry, database, "candidate", 9, error=True)
    review(registry, database)
    assert find(registry).rollout is None
    try_out(registry, share=50)
    answer(registry, database, "candidate", 9, error=True)
    review(registry, database)
    assert find(registry).rollout


@pytest.mark.parametrize("breach", [True, False])
def test_of_several_gateways_exactly_one_moves(registry: Registry, database: Database, breach: bool) -> None:
    before = try_out(registry)
    answer(registry, database, "candidate", NEEDED, error=breach)
    gateways = [Database(database.engine.url.render_as_string(hide_password=False)) for _ in range(6)]
    together = Barrier(len(gateways))

    def look(own: Database) -> None:
        together.wait(30)
        review(Registry(own), own)

    with ThreadPoolExecutor(len(gateways)) as pool:
        list(pool.map(look, gateways))
    for own in gateways:
        own.close()
    after = find(registry)
    assert after.revision == before.revision + 1
    assert (after.rollout.share if after.rollout else 0) == (0 if breach else 25)


def test_a_person_who_was_quicker_is_not_overruled(registry: Registry, database: Database) -> None:
    """The registry this gateway looked at is old: its move is refused, and nothing is raised."""
    try_out(registry)
    answer(registry, database, "candidate", NEEDED)

    class Late(Registry):
        """Somebody rolls back between this gateway's look and its move."""

        def promote(self, *args: object, **options: object) -> Alias:
            registry.rollback("letters", who="somebody")
            return super().promote(*args, **options)  # type: ignore[arg-type]

    review(Late(database), database)
    alias = find(registry)
    assert (alias.stable, alias.rollout) == (BASE, None)
    assert registry.events("letters")[-1].who == "somebody"


def test_a_report_says_what_was_counted_and_what_comes_next(registry: Registry, database: Database) -> None:
    with pytest.raises(NotFound, match="There is no alias 'nobody'"):
        describe(registry, database, "nobody")
    with pytest.raises(NotFound, match="Nothing is being tried on letters: it points to base"):
        describe(registry, database, "letters")
    alias = try_out(registry)
    answer(registry, database, "stable", 90, slow=True)
    answer(registry, database, "candidate", 24)
    report = describe(registry, database, "letters")
    assert (report.alias, report.revision, report.stable, report.rollout) == (
        "letters", alias.revision, BASE, alias.rollout,
    )  # fmt: skip
    assert report.counts == (ArmCounts(5, "stable", 90, slow=90), ArmCounts(5, "candidate", 24))
    assert report.verdict.breached == ()
    assert report.next == "goes to 25 % after 1 more answer at 5 %, unless a guard is breached"
    try_out(registry, automatic=False)
    said = describe(registry, database, "letters").next
    assert said == "stays at 5 % until somebody promotes it, or a guard is breached"
    answer(registry, database, "candidate", 20, refusal=True)
    said = describe(registry, database, "letters").next
    assert said.startswith('goes back to 0 within seconds: model says "not found": 20 in 44 answers of the')
