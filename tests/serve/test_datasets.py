"""Dataset versions built from the pairs in a database: what goes in, what stays out, what is told of it."""

from __future__ import annotations

import hashlib
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select

from serve.database import Database
from serve.datasets.administration import Damaged, Datasets
from serve.datasets.erasure import find_versions
from serve.datasets.tables import DatasetPair
from serve.errors import BadRequest, Conflict, NotFound
from serve.people.audit import read_audit
from serve.tables import Base
from tests.serve.dataset_parts import (
    BEN,
    DATASET_TABLES,
    approve,
    make_datasets,
    reopen,
    reword,
    withdraw,
)
from tests.train.datasets.made_pairs import ids, make_evidence, make_pair, make_pairs
from train.datasets.folder import find_problems
from train.datasets.names import EXAM, MANIFEST, PAIRS, SPLIT


@pytest.fixture
def datasets(database: Database, tmp_path: Path) -> Datasets:
    return make_datasets(database, tmp_path / "datasets")


def test_the_migration_makes_what_the_tables_say(database: Database) -> None:
    inspector = inspect(database.engine)
    for table in DATASET_TABLES:
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        assert made == {column.name: column.nullable for column in Base.metadata.tables[table].columns}
        indexed = {
            tuple(index["column_names"]) for index in inspector.get_indexes(table) if not index["unique"]
        }
        assert indexed == {tuple(c.name for c in i.columns) for i in Base.metadata.tables[table].indexes}
        unique = {tuple(one["column_names"]) for one in inspector.get_unique_constraints(table)}
        assert unique == ({("name", "number")} if table == "dataset_version" else set())


def test_approved_pairs_become_a_version_on_disk_and_in_the_database(
    database: Database, datasets: Datasets
) -> None:
    approve(database, make_pairs(40))
    built = datasets.build("letters", actor=BEN, why="a first try")
    version = built.version
    assert (version.name, version.number, version.pairs, version.exam) == ("letters", 1, 30, 10)
    assert (version.who, version.why, version.parent, version.remark) == ("ben", "a first try", "", "")
    assert datasets.versions() == (version,)
    folder = datasets.open(version.version)
    assert folder.path == datasets.store.root / version.version
    assert version.version == f"letters--v1-{version.sha256[:8]}" == str(folder.manifest.version)
    assert ids(folder.train()) | ids(folder.exam()) == {f"p{number:04}" for number in range(40)}
    assert not ids(folder.train()) & ids(folder.exam())
    with database.readings() as session:
        rows = {(row.pair, row.part, row.revision) for row in session.scalars(select(DatasetPair))}
    assert rows == {
        *((one.pair.id, "train", one.revision) for one in folder.train()),
        *((one.pair.id, "exam", one.revision) for one in folder.exam()),
    }
    assert {revision for _, _, revision in rows} == {2}
    assert folder.manifest.base == "b" * 64
    assert datasets.verify(version.version)[0].problems == ()
    (entry,) = read_audit(database)
    assert (entry.who, entry.what, entry.subject) == ("ben", "built", f"dataset {version.version}")


def test_what_nobody_sees_is_not_kept_in_a_reason(database: Database, datasets: Datasets) -> None:
    approve(database, make_pairs(20))
    why = "\x00first\u202e try\ud800" + "x" * 5000
    version = datasets.build("letters", actor=replace(BEN, name="\x1bben"), why=why).version
    assert (version.who, version.why[:12], len(version.why)) == ("ben", "first tryxxx", 2000)
    assert datasets.open(version.version).manifest.why == version.why


def test_nobody_else_may_read_the_exam_and_nobody_may_change_a_version(
    database: Database, datasets: Datasets
) -> None:
    approve(database, make_pairs(20))
    path = datasets.open(datasets.build("letters", actor=BEN).version.version).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o550
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()}
    assert (modes.pop(EXAM), modes.pop(SPLIT)) == (0o400, 0o400)
    assert set(modes.values()) == {0o440}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"consent": "none"}, "consent"),
        ({"licence": " "}, "licence"),
        ({"evidence": (make_evidence("r-closed", public=False),)}, "not public"),
        ({"approver": ""}, "unapproved"),
        ({"evidence": ()}, "no evidence"),
    ],
)
def test_what_may_not_be_trained_on_is_left_out_and_listed(
    database: Database, datasets: Datasets, changed: dict[str, Any], reason: str
) -> None:
    approve(database, [*make_pairs(20), make_pair(20, **changed)])
    folder = datasets.open(datasets.build("letters", actor=BEN).version.version)
    assert ids(folder.train()) | ids(folder.exam()) == {f"p{number:04}" for number in range(20)}
    (told,) = folder.sheet()["exclusions"]
    assert (told["reason"], told["pairs"]) == (reason, ["p0020"])
    assert folder.manifest.counts["excluded"] == 1


def test_a_finding_that_says_stop_keeps_a_pair_out_unless_it_was_waived(
    database: Database, datasets: Datasets
) -> None:
    unsound = make_pair(20, answer="Ellen Marsh wrote of it, as [7] says.")
    approve(database, [*make_pairs(20), unsound])
    folder = datasets.open(datasets.build("letters", actor=BEN).version.version)
    (told,) = folder.sheet()["exclusions"]
    assert (told["reason"], told["pairs"]) == ("check", ["p0020"])
    codes = told["notes"]["p0020"].split(", ")
    with database.sessions.begin() as session:
        from serve.curation.tables import StoredPairRow

        row = session.get(StoredPairRow, "p0020")
        assert row is not None
        row.waived = codes
    folder = datasets.open(datasets.build("letters", actor=BEN).version.version)
    assert folder.sheet()["exclusions"] == []
    assert "p0020" in ids(folder.train()) | ids(folder.exam())


def test_only_what_is_approved_now_goes_in(database: Database, datasets: Datasets) -> None:
    approve(database, make_pairs(20))
    first = datasets.build("letters", actor=BEN).version.version
    reopen(database, "p0003")
    withdraw(database, "p0004")
    second = datasets.open(datasets.build("letters", actor=BEN).version.version)
    assert (ids(second.train()) | ids(second.exam())).isdisjoint({"p0003", "p0004"})
    assert second.manifest.parent == first
    assert second.manifest.tombstones == ("p0004",)
    told = {one["reason"]: one["pairs"] for one in second.sheet()["exclusions"]}
    assert told == {"withdrawn": ["p0004"], "reopened": ["p0003"]}


def test_a_version_says_how_many_of_its_pairs_were_withdrawn_since(
    database: Database, datasets: Datasets
) -> None:
    approve(database, make_pairs(20))
    first = datasets.build("letters", actor=BEN).version.version
    withdraw(database, "p0001", "p0002")
    second = datasets.build("letters", actor=BEN).version.version
    told = {one.version: one for one in datasets.versions()}
    assert told[first].withdrawn == 2
    assert told[first].remark.startswith("holds 2 withdrawn pairs: ")
    assert (told[second].withdrawn, told[second].remark) == (0, "")
    assert set(datasets.find_withdrawn(first)) == {"p0001", "p0002"}
    with database.sessions.begin() as session:
        assert find_versions(session, ["p0001"]) == [first]
        assert find_versions(session, ["p0003", "p0001"]) == [first, second]
        assert find_versions(session, ["unknown", *(f"x{number}" for number in range(1200))]) == []


def test_the_exam_stays_what_it_is_in_later_versions(database: Database, datasets: Datasets) -> None:
    approve(database, make_pairs(60))
    first = datasets.build("letters", actor=BEN).version.version
    exam = ids(datasets.open(first).exam())
    changed = sorted(ids(datasets.open(first).train()))[0]
    approve(database, [reword(make_pair(int(changed[1:]))), *make_pairs(60, start=60)])
    second = datasets.build("letters", actor=BEN).version.version
    assert exam < ids(datasets.open(second).exam())
    found = datasets.compare("", second)
    assert (found.before, found.after, found.moved) == (first, second, ())
    assert [(one.id, one.fields) for one in found.train.changed] == [(changed, ("answer",))]
    assert (found.train.before, found.exam.before) == (50, 10)
    assert (found.exam.after, found.train.after) == (12, 108)
    assert (len(found.train.added), len(found.exam.added)) == (58, 2)


def test_what_is_too_little_is_refused_with_what_to_do(database: Database, datasets: Datasets) -> None:
    with pytest.raises(Conflict, match="Expected approved pairs that may be trained on, found none"):
        datasets.build("letters", actor=BEN)
    approve(database, [make_pair(1, "r-one")])
    with pytest.raises(Conflict, match="found 1 pair.* Approve pairs about other records"):
        datasets.build("letters", actor=BEN)
    approve(database, [make_pair(number, "r-one") for number in range(2, 6)])
    with pytest.raises(Conflict, match="5 pairs that all hang together by their records"):
        datasets.build("letters", actor=BEN)
    assert datasets.preview("letters").plan.refusal
    assert datasets.versions() == ()
    assert [entry.name for entry in datasets.store.root.iterdir()] == [".lock"]


def test_a_small_or_one_sided_dataset_is_made_and_warned_of(database: Database, datasets: Datasets) -> None:
    approve(database, make_pairs(8))
    built = datasets.build("letters", actor=BEN)
    told = " ".join(built.warnings)
    assert (built.version.pairs, built.version.exam) == (6, 2)
    assert "It holds 8 pairs; with fewer than 50" in told
    assert "The exam has 2 questions; expected 10 at least" in told
    assert "0 % of the pairs say that the collections do not hold it" in told
    assert "All 8 pairs were contributed by ada." in told


@pytest.mark.parametrize("name", ["", "Letters", "a--b", "../a", "a/b", "-a", "a-", "a" * 42, "é", "a\x00"])
def test_a_name_that_cannot_be_a_folders_is_refused(datasets: Datasets, name: str) -> None:
    with pytest.raises(BadRequest, match="Expected a dataset's name"):
        datasets.build(name, actor=BEN)
    with pytest.raises(BadRequest, match="Expected a dataset's name"):
        datasets.preview(name)


@pytest.mark.parametrize("version", ["letters", "letters--v1-00000000", "../letters--v1-00000000", ".", ""])
def test_what_is_no_version_is_not_found(datasets: Datasets, version: str) -> None:
    with pytest.raises(NotFound):
        datasets.open(version)


def test_a_version_that_was_tampered_with_is_refused_everywhere(
    database: Database, datasets: Datasets
) -> None:
    approve(database, make_pairs(20))
    version = datasets.build("letters", actor=BEN).version
    file = datasets.store.root / version.version / PAIRS
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b"Ellen", b"Helen", 1))
    after = hashlib.sha256(file.read_bytes()).hexdigest()
    told = f"{version.version}: pairs.jsonl: expected SHA-256 {before}, found {after}"
    assert datasets.verify(version.version)[0].problems[0].startswith(told)
    for attempt in (
        lambda: datasets.open(version.version),
        lambda: datasets.build("letters", actor=BEN),
        lambda: datasets.preview("letters"),
    ):
        with pytest.raises(Damaged) as refused:
            attempt()
        assert str(refused.value).startswith(told)
    assert datasets.build("maps", actor=BEN).version.number == 1


def test_a_manifest_that_tells_of_somebody_else_is_refused_by_the_database(
    database: Database, datasets: Datasets
) -> None:
    approve(database, make_pairs(20))
    version = datasets.build("letters", actor=BEN).version
    path = datasets.store.root / version.version
    file = path / MANIFEST
    file.chmod(0o600)
    file.write_text(json.dumps({**json.loads(file.read_text()), "who": "mallory"}))
    assert find_problems(path) == ()
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(Damaged, match=f"expected SHA-256 {version.manifest_sha256}.*found {found}"):
        datasets.open(version.version)


def test_builds_at_once_give_two_numbers(url: str, database: Database, tmp_path: Path) -> None:
    approve(database, make_pairs(20))
    both = [Database(url), Database(url)]
    with ThreadPoolExecutor(2) as pool:
        made = list(
            pool.map(
                lambda one: make_datasets(one, tmp_path / "datasets").build("letters", actor=BEN).version,
                both,
            )
        )
    for one in both:
        one.close()
    first, second = sorted(made, key=lambda version: version.number)
    assert (first.number, second.number) == (1, 2)
    assert (first.parent, second.parent) == ("", first.version)
    datasets = make_datasets(database, tmp_path / "datasets")
    assert datasets.compare(first.version, second.version).train.changed == ()
    assert {finding.problems for finding in datasets.verify()} == {()}


def test_pairs_that_say_the_same_go_in_once(database: Database, datasets: Datasets) -> None:
    twin = replace(make_pair(3), id="p9000", question=f"  {make_pair(3).question.upper()}")
    approve(database, [*make_pairs(20), twin])
    folder = datasets.open(datasets.build("letters", actor=BEN).version.version)
    (told,) = folder.sheet()["exclusions"]
    assert (told["reason"], told["pairs"]) == ("duplicate", ["p9000"])
    assert told["notes"] == {"p9000": "the same as p0003"}
