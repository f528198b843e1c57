"""The sample library holds what its questions, the bundled reader and the README rely on."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

_DEMO = Path(__file__).resolve().parents[2] / "demo"
_LIBRARY = _DEMO / "library"
_EAD2002 = "urn:isbn:1-931666-22-9"
_EAD3 = "http://ead3.archivists.org/schema/"
_AIDS = {
    "marsh-family-papers.xml": (_EAD2002, 420),
    "creamery-association-records.xml": (_EAD3, 137),
    "frayne-studio-photographs.xml": ("", 130),
}
_YEAR = 2026
"""Year the collections were written in: a closure is past or to come as seen from here."""


def _parse(name: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.parse(str(_LIBRARY / name), parser).getroot()


def _components(root: Any) -> list[Any]:
    return [el for el in root.iter("{*}*") if re.fullmatch(r"c\d\d", etree.QName(el).localname)]


def _title(component: Any) -> str:
    return "".join(component.find("{*}did/{*}unittitle").itertext())


def _rows() -> list[dict[str, str]]:
    with (_LIBRARY / "maps-and-broadsides.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _letter_headers() -> dict[str, dict[str, str]]:
    headers = {}
    for path in sorted((_LIBRARY / "letters").glob("*.txt")):
        top = path.read_text("utf-8").split("\n\n", 1)[0]
        header = dict(line.split(": ", 1) for line in top.splitlines())
        headers[header["Identifier"]] = header
    return headers


def _questions() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_DEMO / "questions.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(("name", "expected"), _AIDS.items())
def test_finding_aids_are_well_formed_and_of_the_stated_kind(name: str, expected: tuple[str, int]) -> None:
    root = _parse(name)
    namespace, components = expected
    assert (etree.QName(root).namespace or "") == namespace
    assert len(_components(root)) == components
    has_doctype = root.getroottree().docinfo.doctype != ""
    assert has_doctype == (name == "frayne-studio-photographs.xml")


def test_component_ids_are_unique_over_all_files_and_rows() -> None:
    ids = [c.get("id") for name in _AIDS for c in _components(_parse(name))]
    ids += [row["identifier"] for row in _rows()]
    assert all(ids)
    assert len(ids) == len(set(ids))
    assert len(ids) >= 400 and len(_rows()) >= 40


def test_every_component_has_a_title_and_machine_dates_in_order() -> None:
    for name in _AIDS:
        for component in _components(_parse(name)):
            assert _title(component).strip()
            for date in component.iterfind("{*}did/{*}unitdate[@normal]"):
                first, *last = date.get("normal").split("/")
                assert not last or first <= last[0], (name, component.get("id"))


def test_marsh_papers_hold_two_hundred_dated_letters_and_ellens_of_1905() -> None:
    letters = [
        c
        for c in _components(_parse("marsh-family-papers.xml"))
        if c.get("level") == "item"
        and " to " in _title(c)
        and c.find("{*}did/{*}unitdate[@normal]") is not None
    ]
    assert len(letters) >= 200
    by_ellen = [
        c
        for c in letters
        if _title(c).startswith(("Ellen Marsh to", "Marsh, Ellen."))
        and c.find("{*}did/{*}unitdate").get("normal").startswith("1905")
    ]
    assert len(by_ellen) == 23


def test_every_file_and_item_can_be_found_in_a_container() -> None:
    for name in _AIDS:
        for component in _components(_parse(name)):
            if component.get("level") in {"file", "item"}:
                chain = [component, *component.iterancestors()]
                assert any(el.find("{*}did/{*}container") is not None for el in chain), component.get("id")


def test_internal_notes_are_marked_and_say_nothing_outside_the_mark() -> None:
    root = _parse("frayne-studio-photographs.xml")
    secrets = ("lock code in the blue binder", "Do not mention to readers", "came back cracked")
    for secret in secrets:
        holders = [el for el in root.iter() if el.text and secret in el.text]
        assert len(holders) == 1
        chain = [holders[0], *holders[0].iterancestors()]
        assert any(el.get("audience") == "internal" for el in chain)


def test_some_closures_are_past_and_some_to_come() -> None:
    notes = "".join(_parse("frayne-studio-photographs.xml").itertext())
    years = [int(year) for year in re.findall(r"Closed until \d+ \w+ (\d{4})", notes)]
    assert min(years) < _YEAR < max(years)
    assert "by appointment only" in notes
    assert notes.count("Restricted: may not be seen or copied") == 1


def test_letters_match_their_description_in_the_finding_aid() -> None:
    described = {c.get("id"): c for c in _components(_parse("marsh-family-papers.xml"))}
    headers = _letter_headers()
    assert len(headers) >= 10
    for identifier, header in headers.items():
        component = described[identifier.removesuffix("-transcription")]
        assert header["Title"] == _title(component)
        assert header["Date"] == component.findtext("{*}did/{*}unitdate")
        assert header["Call number"] == "MS 101"
        held = [
            el.findtext(f"{{*}}did/{{*}}container[@type='{kind}']")
            for kind in ("box", "folder")
            for el in [component, *component.iterancestors()]
        ]
        assert {header["Box"], header["Folder"]} <= set(held)


def test_transcriptions_are_letters_of_readable_length() -> None:
    for path in (_LIBRARY / "letters").glob("*.txt"):
        words = path.read_text("utf-8").split("\n\n", 1)[1].split()
        assert 120 <= len(words) <= 350, path.name


def test_every_question_points_to_a_record_that_holds_its_answer() -> None:
    questions = _questions()
    assert len(questions) == 40
    assert len({q["id"] for q in questions}) == 40
    assert sum(q["kind"] == "unanswerable" for q in questions) == 8
    rows = {row["identifier"]: row for row in _rows()}
    for question in questions:
        if question["kind"] == "unanswerable":
            assert question["should_abstain"] and question["record"] is None and question["file"] is None
            continue
        record, file, snippet = question["record"], question["file"], question["gold_snippet"]
        if file.endswith(".csv"):
            text = " ".join(rows[record].values())
        elif record.startswith("archdesc"):
            found = _parse(file).find("/".join(f"{{*}}{step}" for step in record.split("/")))
            assert found is not None
            text = " ".join("".join(el.itertext()) for el in found.getparent())
        else:
            component = next(c for c in _components(_parse(file)) if c.get("id") == record)
            text = " ".join(t.strip() for t in component.itertext())
            text += f" {_title(component)}, {component.findtext('{*}did/{*}unitdate')}"
            text += " ".join(
                "".join(el.itertext()) for el in component.getparent().iterfind("{*}accessrestrict")
            )
            text += " ".join(_spell_extents(component))
        assert snippet in text, question["id"]


def _spell_extents(component: Any) -> list[str]:
    structured = component.iterfind("{*}did/{*}physdescstructured")
    return [f"{el.findtext('{*}quantity')} {el.findtext('{*}unittype')}" for el in structured]


def test_every_further_record_of_a_question_exists() -> None:
    known = {c.get("id") for name in _AIDS for c in _components(_parse(name))}
    known |= {row["identifier"] for row in _rows()}
    for question in _questions():
        wanted = {*question.get("also_records", []), question.get("near_miss_record") or question["record"]}
        wanted = {record for record in wanted if record and not record.startswith("archdesc")}
        assert wanted <= known, question["id"]
