"""Refreshing sources in part: the same records, ids and places as reading everything anew."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.audience import PUBLIC, STAFF
from retrieval.embedding import Embedder, Vectors
from retrieval.errors import SourceError
from retrieval.index import Index
from retrieval.records import Record
from retrieval.sources.changed import read_all
from retrieval.sources.refresh import build_from_sources, refresh_sources, remove_source
from retrieval.sources.registry import Source, add_source, load_sources, save_sources
from retrieval.spans import WITHOUT_END
from retrieval.store.builder import enrich_reading
from retrieval.store.snapshot import read_current
from retrieval.store.update import Updated

DATA = Path(__file__).parent / "data"


class Flat:
    """An embedder of no meaning, quick to load: what is tested here is which records there are."""

    name, dimension, digest = "flat", 8, "0" * 64

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.full((len(texts), 8), 8**-0.5, dtype=np.float32)


def quiet(step: str, done: int, total: int | None = None) -> None:
    pass


def no_harvest(root: Path, source: Source, full: bool) -> None:
    raise AssertionError("no server is to be asked")


def flat() -> Embedder:
    return Flat()


def refresh(root: Path, *names: str, full: bool = False) -> Updated:
    updated, problems = refresh_sources(root, names, flat, quiet, full=full, harvest=no_harvest)
    assert problems == []
    assert updated is not None
    return updated


def records_of(root: Path) -> dict[str, Record]:
    index = Index(root / read_current(root), Flat())
    return {record.id: record for _, _, record in index._catalog.stream()}


def read_anew(root: Path) -> dict[str, Record]:
    readings = read_all(root, load_sources(root))
    return {record.id: record for reading in readings for record in enrich_reading(reading)}


def make_source(folder: Path, name: str, **options: object) -> Source:
    return Source(name=name, kind="files", location=str(folder / name), **options)  # type: ignore[arg-type]


def set_up(folder: Path, *sources: Source) -> Path:
    """An index root with these sources, read once."""
    root = folder / "index"
    registered: list[Source] = []
    for source in sources:
        registered = add_source(registered, source)
    save_sources(root, registered)
    refresh(root)
    return root


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + write_count()))
    return path


def write_count() -> int:
    """A file written twice within a tick of the clock has another time all the same."""
    write_count.value += 1000  # type: ignore[attr-defined]
    return write_count.value  # type: ignore[attr-defined, no-any-return]


write_count.value = 0  # type: ignore[attr-defined]

AID = (
    "<ead><eadheader><eadid>{eadid}</eadid></eadheader><archdesc><did><unitid>{unitid}</unitid>"
    "<unittitle>{title}</unittitle></did><dsc>{items}</dsc></archdesc></ead>"
)
ITEM = (
    "<c01 id='{id}' level='item'><did><container type='box'>{box}</container>"
    "<unittitle>{title}</unittitle></did>{more}</c01>"
)


def aid(eadid: str, unitid: str, title: str, *items: tuple[str, int, str]) -> str:
    rendered = "".join(ITEM.format(id=id_, box=box, title=name, more="") for id_, box, name in items)
    return AID.format(eadid=eadid, unitid=unitid, title=title, items=rendered)


def letter(title: str, collection: str, identifier: str = "", text: str = "Dear Ada") -> str:
    head = f"Title: {title}\nCollection: {collection}\n" + (
        f"Identifier: {identifier}\n" if identifier else ""
    )
    return f"{head}\n{text}\n"


def test_only_what_changed_is_read_and_indexed(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "aids")
    root = set_up(tmp_path, make_source(tmp_path, "aids"))
    before = read_current(root)
    told = refresh(root)
    assert (told.manifest.version, read_current(root)) == (before, before)
    os.utime(tmp_path / "aids" / "cabinet_letters.xml")
    assert refresh(root).manifest.version == before
    path = tmp_path / "aids" / "letters" / "untitled.txt"
    write(path.parent, path.name, path.read_text() + "\nA last word of the ferry.")
    told = refresh(root)
    assert told.manifest.sources == (str(path),)
    assert (told.added, told.replaced, told.removed) == (0, 1, 0)
    assert records_of(root) == read_anew(root)
    path.unlink()
    assert refresh(root).removed == len({"collection", "item"})
    assert records_of(root) == read_anew(root)


def test_a_full_refresh_reads_every_file_and_writes_what_differs(tmp_path: Path) -> None:
    path = write(tmp_path / "a", "one.txt", letter("One", "Vane papers"))
    root = set_up(tmp_path, make_source(tmp_path, "a"))
    status = path.stat()
    path.write_text(path.read_text().replace("Ada", "Eva"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # the same size and time, another text
    assert refresh(root).replaced == 0
    told = refresh(root, full=True)
    assert told.replaced == 1
    assert records_of(root) == read_anew(root)
    assert refresh(root, full=True).manifest.version == told.manifest.version


def test_a_letter_follows_the_finding_aid_that_comes_changes_and_goes(tmp_path: Path) -> None:
    """The aid is of a later source, and read first all the same, as finding aids are."""
    for number in (1, 2, 3):
        write(
            tmp_path / "letters",
            f"{number}.txt",
            letter(f"Letter {number}", "Vane papers", f"v{number}-text"),
        )
    (tmp_path / "aids").mkdir()
    write(tmp_path / "aids", "other.xml", aid("other", "MS 1", "Other papers", ("o1", 1, "A map")))
    root = set_up(tmp_path, make_source(tmp_path, "letters"), make_source(tmp_path, "aids"))
    assert records_of(root)["Vane-papers/v2-text"].parent_id == "Vane-papers/collection"
    items = [("v1", 4, "To Ada"), ("v2", 5, "To Eva")]
    for given in (items, [*items, ("v3", 6, "To Ida")], [("v2", 7, "To Eva Holt")], []):
        if given:
            write(tmp_path / "aids", "vane.xml", aid("vane", "MS 9", "Vane papers", *given))
        else:
            (tmp_path / "aids" / "vane.xml").unlink()
        refresh(root, "aids")
        found = records_of(root)
        assert found == read_anew(root)
        for id_, box, title in given:
            assert found[f"vane/{id_}-text"].container == f"Box {box}"
            assert found[f"vane/{id_}-text"].breadcrumb == ("Vane papers", title)
    assert found["Vane-papers/v2-text"].parent_id == "Vane-papers/collection"


def test_of_two_collections_with_one_id_the_first_keeps_it_whichever_came_first(tmp_path: Path) -> None:
    write(tmp_path / "aids", "m.xml", aid("same", "MS 5", "Middle papers", ("x", 1, "A letter")))
    root = set_up(tmp_path, make_source(tmp_path, "aids"))
    assert set(records_of(root)) == {"same/collection", "same/x"}
    write(tmp_path / "aids", "z.xml", aid("same", "MS 6", "Zeal papers", ("x", 1, "A deed")))
    refresh(root)
    assert records_of(root)["same-2/x"].title == "A deed"
    write(tmp_path / "aids", "a.xml", aid("same", "MS 4", "Apple papers", ("x", 1, "A map")))
    refresh(root)
    found = records_of(root)
    assert [found[f"same{end}/x"].title for end in ("", "-2", "-3")] == ["A map", "A letter", "A deed"]
    assert found == read_anew(root)
    (tmp_path / "aids" / "a.xml").unlink()
    refresh(root)
    assert records_of(root) == read_anew(root)
    assert records_of(root)["same/x"].title == "A letter"


@pytest.mark.parametrize("seed", range(2))
def test_any_changes_in_any_order_end_where_reading_anew_ends(tmp_path: Path, seed: int) -> None:
    """Files come, change and go at random; their collections, call numbers and ids meet in many ways."""
    chance = random.Random(seed)
    for name in ("one", "two"):
        write(tmp_path / name, "first.xml", aid("first" + name, f"F {name}", f"First {name}", ("f", 1, "F")))
    root = set_up(tmp_path, make_source(tmp_path, "one"), make_source(tmp_path, "two"))
    for _ in range(8):
        for _ in range(chance.randint(1, 3)):
            folder = tmp_path / chance.choice(["one", "two"])
            name = chance.choice("abcd")
            collection, unit = chance.choice(["Vane papers", "Holt papers"]), chance.choice(["1", "2"])
            if chance.random() < 0.3:
                (folder / f"{name}.xml").unlink(missing_ok=True)
                (folder / f"{name}.txt").unlink(missing_ok=True)
            elif chance.random() < 0.4:
                items = [(f"i{n}", chance.randint(1, 9), f"Item {n}") for n in range(chance.randint(1, 3))]
                write(
                    folder,
                    f"{name}.xml",
                    aid(chance.choice(["p", "p-2", "q"]), f"MS {unit}", collection, *items),
                )
            else:
                identifier = f"i{chance.randint(0, 2)}" + chance.choice(["", "-text"])
                write(
                    folder,
                    f"{name}.txt",
                    letter(f"Letter {unit}", collection, identifier, f"Word {chance.random()}"),
                )
        refresh(root, *chance.choice([(), ("one",), ("one", "two")]))
        refresh(root)
        assert records_of(root) == read_anew(root)


def test_a_removed_source_is_gone_at_once_and_its_letters_stay_where_they_can(tmp_path: Path) -> None:
    write(tmp_path / "aids", "vane.xml", aid("vane", "MS 9", "Vane papers", ("v1", 4, "To Ada")))
    write(tmp_path / "letters", "1.txt", letter("Letter 1", "Vane papers", "v1-text"))
    root = set_up(tmp_path, make_source(tmp_path, "aids"), make_source(tmp_path, "letters"))
    assert set(records_of(root)) == {"vane/collection", "vane/v1", "vane/v1-text"}
    told = remove_source(root, "aids", flat, quiet)
    assert told is not None
    assert [source.name for source in load_sources(root)] == ["letters"]
    index = Index(root / read_current(root), Flat())
    assert index.record("vane/v1", STAFF) is None
    assert set(records_of(root)) == {"Vane-papers/collection", "Vane-papers/v1-text"}
    with pytest.raises(SourceError, match="is no source.*known sources: letters"):
        remove_source(root, "aids", flat, quiet)


@pytest.mark.parametrize("empty", [True, False])
def test_a_place_that_is_gone_or_empty_keeps_what_is_indexed_of_it(tmp_path: Path, empty: bool) -> None:
    write(tmp_path / "share", "1.txt", letter("Letter 1", "Vane papers"))
    write(tmp_path / "other", "2.txt", letter("Letter 2", "Holt papers"))
    root = set_up(tmp_path, make_source(tmp_path, "share"), make_source(tmp_path, "other"))
    before = records_of(root)
    shutil.rmtree(tmp_path / "share")
    if empty:
        (tmp_path / "share").mkdir()
    write(tmp_path / "other", "3.txt", letter("Letter 3", "Holt papers"))
    updated, problems = refresh_sources(root, [], flat, quiet, harvest=no_harvest)
    assert updated is not None
    assert updated.added == 1
    assert ["what is indexed of it stays" in str(problem) for problem in problems] == [True]
    assert set(records_of(root)) == {*before, "Holt-papers/3"}
    share, other = load_sources(root)
    assert ("sources remove share" in share.problem, other.problem) == (True, "")


def test_a_file_that_breaks_loses_its_records_and_says_why(tmp_path: Path) -> None:
    write(tmp_path / "aids", "vane.xml", aid("vane", "MS 9", "Vane papers", ("v1", 4, "To Ada")))
    root = set_up(tmp_path, make_source(tmp_path, "aids"))
    write(tmp_path / "aids", "vane.xml", "<ead><unclosed></ead>")
    told = refresh(root)
    assert (told.removed, told.manifest.records) == (2, 0)
    [origin] = Index(root / read_current(root), Flat())._catalog.origins().values()
    assert "vane.xml:1" in origin.problems[0]


@pytest.mark.parametrize(
    ("options", "withheld"),
    [({"staff_only": True}, WITHOUT_END), ({"embargo": "2999-01-31"}, "2999-01-31"), ({"embargo": "2001-01-31"}, "2001-01-31")],
)  # fmt: skip
def test_a_source_for_staff_or_under_embargo_is_for_staff_only(
    tmp_path: Path, options: dict[str, object], withheld: str
) -> None:
    write(tmp_path / "aids", "vane.xml", aid("vane", "MS 9", "Vane papers", ("v1", 4, "To Ada")))
    write(tmp_path / "letters", "1.txt", letter("Letter 1", "Vane papers", "v1-text"))
    root = set_up(tmp_path, make_source(tmp_path, "aids", **options), make_source(tmp_path, "letters"))
    found = records_of(root)
    assert {record.withheld_until for record in found.values()} == {
        withheld
    }  # the letter as what it transcribes
    index = Index(root / read_current(root), Flat())
    assert len(index.collections(STAFF)) == 1
    assert len(index.collections(PUBLIC)) == (1 if withheld < "2002" else 0)
    opened = [replace(source, staff_only=False, embargo="") for source in load_sources(root)]
    save_sources(root, opened)
    assert refresh(root).replaced == 3
    assert {record.withheld_until for record in records_of(root).values()} == {""}


def test_a_changed_mapping_of_columns_is_a_change_of_the_table(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    write(folder, "list.csv", "Ref,What\nA1,A map of the mill\n")
    write(folder, "columns.toml", '[columns]\nidentifier = "Ref"\ntitle = "What"\n')
    root = set_up(tmp_path, make_source(tmp_path, "lists"))
    assert "A map of the mill" in {record.title for record in records_of(root).values()}
    write(folder, "columns.toml", '[columns]\nidentifier = "What"\ntitle = "Ref"\n')
    assert refresh(root).manifest.records == 2
    assert "A1" in {record.title for record in records_of(root).values()}
    assert records_of(root) == read_anew(root)


def test_building_from_sources_is_reading_them_anew(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "aids")
    root = set_up(tmp_path, make_source(tmp_path, "aids"))
    before = records_of(root)
    build_from_sources(root, load_sources(root), Flat(), quiet, [])
    assert records_of(root) == before
    assert load_sources(root)[0].read != ""
    assert refresh(root).manifest.version == read_current(root)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sources": [{"colour": 1}]}', '{"sources": 3}'])
def test_a_registry_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "sources.json").write_text(text)
    with pytest.raises(SourceError, match="is no registry of sources"):
        load_sources(tmp_path)


def test_the_registry_is_read_as_it_was_written(tmp_path: Path) -> None:
    given = [
        Source(
            name="a", kind="oai", location="https://a.example/oai", place=1, set="maps", embargo="2030-01-01"
        )
    ]
    save_sources(tmp_path, given)
    assert load_sources(tmp_path) == given
    assert json.loads((tmp_path / "sources.json").read_text())["sources"][0]["set"] == "maps"
