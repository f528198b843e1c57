"""A version's folder: the same for the same pairs, refused when it was changed, described for who reads it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.spans import of_years
from tests.train.datasets.made_pairs import (
    ids,
    make_evidence,
    make_pair,
    make_pairs,
    make_record,
    make_refusal,
    make_version,
    plan,
)
from train.datasets.difference import compare
from train.datasets.errors import DatasetDamaged, DatasetRefused
from train.datasets.folder import DatasetFolder, find_problems, open_dataset
from train.datasets.lines import read_members
from train.datasets.making import Beside, write_version
from train.datasets.manifest import parse_manifest
from train.datasets.names import (
    DESCRIBED,
    EXAM,
    HIDDEN,
    MANIFEST,
    PAIRS,
    SHEET,
    check_dataset_name,
    parse_version,
)
from train.datasets.spread import UNKNOWN, spread_records
from train.pairs.pair import Earlier


@pytest.fixture
def version(tmp_path: Path) -> DatasetFolder:
    return make_version(tmp_path, [*make_pairs(30), make_refusal(90)])


def test_the_same_pairs_name_and_parent_are_the_same_bytes_whoever_makes_them_and_when(
    tmp_path: Path,
) -> None:
    pairs = make_pairs(30)
    one = make_version(tmp_path / "one", pairs)
    other = make_version(
        tmp_path / "other", reversed(pairs), created="2030-01-01T00:00:00+00:00", who="x", why="y"
    )
    assert one.manifest.sha256 == other.manifest.sha256
    assert one.manifest.version == other.manifest.version
    for name in DESCRIBED:
        assert (one.path / name).read_bytes() == (other.path / name).read_bytes()
    assert (other.manifest.who, other.manifest.why) == ("x", "y")


def test_another_pair_name_or_parent_is_another_digest(tmp_path: Path, version: DatasetFolder) -> None:
    pairs = [*make_pairs(30), make_refusal(90)]
    digests = {version.manifest.sha256}
    digests.add(make_version(tmp_path / "a", pairs, name="maps").manifest.sha256)
    digests.add(make_version(tmp_path / "b", pairs, version).manifest.sha256)
    digests.add(make_version(tmp_path / "c", [replace(pairs[0], answer="No."), *pairs[1:]]).manifest.sha256)
    assert len(digests) == 4


def test_pairs_come_back_as_they_went_in(tmp_path: Path) -> None:
    odd = make_pair(
        0,
        question='“Łódź”, 東京\u2028 and\n"quotes"\\ <b>',
        history=(Earlier(role="user", content="Before?"), Earlier(role="assistant", content="[1] Yes.")),
        waiver="the only archivist",
        evidence=(make_evidence("r/1", breadcrumb=("A", "B > C")),),
    )
    found = make_version(tmp_path, [odd, *make_pairs(20, 1)], revision=7)
    members = {member.pair.id: member for member in (*found.train(), *found.exam())}
    assert members["p0000"].pair == odd
    assert {member.revision for member in members.values()} == {7}
    assert open_dataset(found.path) == found


@pytest.mark.parametrize("name", [*DESCRIBED, MANIFEST])
def test_one_changed_byte_of_any_file_is_found(version: DatasetFolder, name: str) -> None:
    file = version.path / name
    data = bytearray(file.read_bytes())
    before = hashlib.sha256(data).hexdigest()
    data[len(data) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(data)
    file.chmod(0o400)
    (problem, *_) = find_problems(version.path)
    assert problem.startswith(f"{version.path.name}: ")
    if name != MANIFEST:
        found = hashlib.sha256(data).hexdigest()
        assert f"{name}: expected SHA-256 {before}, found {found}" in problem
    with pytest.raises(DatasetDamaged):
        open_dataset(version.path)


@pytest.mark.parametrize("key", ["name", "parent", "base", "prompt_version", "index_version", "sha256"])
def test_a_manifest_that_says_something_else_is_found(version: DatasetFolder, key: str) -> None:
    file = version.path / MANIFEST
    told = json.loads(file.read_text())
    file.chmod(0o600)
    file.write_text(json.dumps({**told, key: "f" * 64}))
    assert (
        f"expected SHA-256 {'f' * 64 if key == 'sha256' else told['sha256']}, found "
        in find_problems(version.path)[0]
    )


def test_files_that_are_missing_strange_open_or_links_are_found(version: DatasetFolder) -> None:
    version.path.chmod(0o700)
    (version.path / EXAM).chmod(0o440)
    assert f"{EXAM}: expected its owner alone to read it, found mode 0o440" in find_problems(version.path)[0]
    (version.path / EXAM).chmod(0o400)
    (version.path / "run.py").write_text("")
    assert "expected no run.py, found one" in find_problems(version.path)[0]
    (version.path / "run.py").unlink()
    kept = (version.path / PAIRS).rename(version.path.parent / PAIRS)
    assert f"expected {PAIRS}, found none" in find_problems(version.path)[0]
    (version.path / PAIRS).symlink_to(kept)
    assert f"{PAIRS}: expected a plain file" in find_problems(version.path)[0]
    assert "found none" in find_problems(version.path.parent / "letters--v9-00000000")[0]


@pytest.mark.parametrize("called", ["letters--v2-{}", "maps--v1-{}", "letters--v1-00000000", "copy"])
def test_a_version_under_another_name_is_refused(version: DatasetFolder, called: str) -> None:
    moved = version.path.rename(version.path.parent / called.format(version.manifest.sha256[:8]))
    assert f"expected the folder to be called {version.manifest.version}" in find_problems(moved)[0]


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"\xff", b'{"format": 2}', b'{"format": 1, "x": NaN}', b"[" * 100_000]
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(DatasetDamaged, match=r"manifest\.json: expected"):
        parse_manifest(data)


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b'"x"', b'{"revision": "1"}', b"\xff", b"[" * 100_000])
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, version: DatasetFolder, line: bytes) -> None:
    file = tmp_path / "pairs.jsonl"
    first = (version.path / PAIRS).read_bytes().splitlines(keepends=True)[0]
    file.write_bytes(first + line + b"\n")
    with pytest.raises(DatasetDamaged, match=r"pairs\.jsonl, line 2: expected a pair"):
        list(read_members(file))


def test_versions_of_one_name_differ_as_their_pairs_do(tmp_path: Path, version: DatasetFolder) -> None:
    learned = [member.pair for member in version.train()]
    changed = replace(learned[0], answer="Another answer [1].", licence="CC-BY-4.0")
    kept = [member.pair for member in version.exam()]
    later = make_version(
        tmp_path / "later", [changed, *learned[2:], *kept, make_pair(50)], version, withdrawn=[learned[1].id]
    )
    found = compare(version, later)
    assert (found.train.added, found.train.removed) == (("p0050",), (learned[1].id,))
    assert [(one.id, one.fields) for one in found.train.changed] == [(learned[0].id, ("answer", "licence"))]
    assert (found.exam.added, found.exam.removed, found.exam.changed, found.moved) == ((), (), (), ())
    assert (found.train.before, found.train.after) == (len(learned), len(learned))
    assert found.describe()[0].endswith("1 added, 1 removed, 1 changed.")
    assert later.manifest.tombstones == (learned[1].id,)
    assert compare(version, version).train.changed == ()


def test_a_version_of_the_same_pairs_says_so(version: DatasetFolder) -> None:
    pairs = [*make_pairs(30), make_refusal(90)]
    told = f"It holds the same pairs as {version.manifest.version}: nothing has changed."
    assert plan(pairs, version).warnings[0] == told
    assert told not in plan([replace(pairs[0], answer="No [1]."), *pairs[1:]], version).warnings
    assert told not in str(plan(pairs, version).sheet)


def test_what_moved_between_versions_of_two_names_is_told(tmp_path: Path, version: DatasetFolder) -> None:
    other = make_version(tmp_path / "other", [make_pair(n, f"one-{n % 3}") for n in range(30)], name="maps")
    assert set(compare(version, other).moved) == (
        ids(version.train()) & ids(other.exam()) | ids(version.exam()) & ids(other.train())
    )
    assert compare(version, other).moved


def test_nothing_is_written_where_there_is_nothing_to_hold_out(tmp_path: Path) -> None:
    with pytest.raises(DatasetRefused, match="found 3 pairs that all hang together"):
        write_version(
            tmp_path,
            plan(make_pair(number, "r-one") for number in range(3)),
            Beside(),
            number=1,
            created="",
            who="",
            why="",
        )
    assert list(tmp_path.iterdir()) == []


def test_the_datasheet_shows_where_something_dominates(tmp_path: Path) -> None:
    pairs = [*make_pairs(30), *(make_pair(n, origin="draft", contributor="eve") for n in range(30, 40))]
    sheet = make_version(tmp_path, pairs).sheet()
    tables = {table["key"]: table for section in sheet["sections"] for table in section["tables"]}
    assert tables["contributor"]["rows"] == [{"value": "ada", "pairs": 30}, {"value": "eve", "pairs": 10}]
    assert tables["decade"]["rows"] == [{"value": "1900s", "pairs": 40}]
    assert tables["licence"]["rows"] == [{"value": "CC0-1.0", "pairs": 40}]
    assert tables["consent"]["rows"] == [{"value": "the patron", "pairs": 40}]
    balance = next(section for section in sheet["sections"] if section["key"] == "balance")
    assert "30 of 40 pairs (75 %) were contributed by ada." in balance["sentences"]
    assert "All 40 pairs name Marsh, Ellen." in sheet["warnings"]
    assert "10 of them were drafted by a model and confirmed by a person." in str(sheet)


def test_balance_comes_from_the_records_behind_the_pairs() -> None:
    pairs = [make_pair(0, "a"), make_pair(1, "b"), make_pair(2, "c"), make_refusal(3)]
    records = {
        "a": make_record(
            "a", spans=of_years((1898, 1903)), places=("Salem", "Lynn"), senders=("Marsh, Ellen",)
        ),
        "b": make_record("b", spans=of_years((1600, 1900)), names=("Poe, A.",), language=""),
    }
    tables = {table.key: dict(table.rows) for table in spread_records(pairs, records)}
    assert tables["decade"] == {"1890s": 1, "1900s": 1, UNKNOWN: 2}
    assert tables["place"] == {"Salem": 1, "Lynn": 1, "Harrow Point": 1, UNKNOWN: 1}
    assert tables["person"] == {"Marsh, Ellen": 1, "Poe, A.": 1, UNKNOWN: 1}
    assert tables["material_language"] == {"English": 1, UNKNOWN: 2}


def test_nothing_a_pair_says_is_markup_in_the_datasheet(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)> ![x](http://evil/) | `a` \x1b[31m\u202e\n# Title"
    pairs = [replace(pair, licence=evil, contributor=evil) for pair in make_pairs(20)]
    text = make_version(tmp_path, pairs).sheet_text()
    assert "alert(1)" in text
    assert "<img" not in text.replace("\\<", "")
    assert "![" not in text.replace("\\!", "") and "](" not in text.replace("\\]", "")
    assert "\n# Title" not in text
    assert "\x1b" not in text and "\u202e" not in text


def test_the_exam_is_told_of_in_numbers_only(version: DatasetFolder) -> None:
    asked = [member.pair for member in version.exam()]
    told = "".join((version.path / name).read_text() for name in (*DESCRIBED, MANIFEST) if name not in HIDDEN)
    assert asked
    for pair in asked:
        assert pair.question not in told
        assert pair.id not in (version.path / SHEET).read_text()
        assert f'"{pair.id}"' not in told


@pytest.mark.parametrize("name", ["letters", "a", "a1-b2", "9", "a" * 41])
def test_a_name_that_can_be_one(name: str) -> None:
    assert check_dataset_name(name) == name
    parsed = parse_version(f"{name}--v12-1a2b3c4d")
    assert parsed is not None
    assert (parsed.name, parsed.number, parsed.digest) == (name, 12, "1a2b3c4d")


@pytest.mark.parametrize(
    "text",
    [
        "letters--v0-1a2b3c4d",
        "letters--v1-1A2B3C4D",
        "a--b--v1-1a2b3c4d",
        "-a--v1-1a2b3c4d",
        "letters--v1-1a2b3c4d\n",
    ],
)
def test_a_text_that_can_be_no_version(text: str) -> None:
    assert parse_version(text) is None
