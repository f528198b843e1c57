"""Until when material is closed, by the wording of its conditions: what closes nothing, all, or a part."""

from __future__ import annotations

import pytest

from retrieval.dates import read_dates
from retrieval.implied.conditions import find_closure
from retrieval.records import Record
from retrieval.spans import WITHOUT_END


def _record(
    access: str, title: str = "Letters", dates: str = "1960", container: str = "Box 4", *above: str
) -> Record:
    return Record(
        id="c/1", collection_id="c", level="file", title=title, collection="Marsh papers", access=access,
        breadcrumb=("Marsh papers", *above), dates=dates, spans=read_dates(dates).spans, container=container,
    )  # fmt: skip


@pytest.mark.parametrize(
    "access",
    [
        "",
        "The collection is open for research.",
        "The collection is open to research. Digitized audio files are currently available only in the reading room.",
        "Unrestricted access.",
        "None.",
        "Open",
        "There are no restrictions on access.",
        "The records are not restricted.",
        "Collection is open for researchers with no restrictions. Registration is required.",
        "Access by appointment only.",
        "This collection may be accessed only by appointment.",
        "Stored off-site: three business days' notice is required.",
        "Use copies must be made before access can be given.",
        "Use copies have not been made for all of the audiovisual series. Researchers must contact us in advance.",
        "Items in this collection do not circulate and may be used in-house only.",
        "Special restrictions apply: OP2a is restricted for preservation purposes.",
        "Original audio cassettes have been restricted for preservation purposes. CD copies are in Box 5.",
        "Restrictions apply; see item listing for details.",
        "Access to this material is restricted to the reading room of the library.",
        "Photocopying is restricted.",
        "The donor's permission is required for publication.",
        "Available for use in the reading room.",
        "Restrictions have been lifted.",
        "The papers were closed until 2010 and are now open.",
        "The collection is only partially open for research.",
        "Fragile: request the microfilm.",
    ],
)
def test_what_closes_nothing(access: str) -> None:
    assert find_closure(_record(access)) == ""


@pytest.mark.parametrize(
    ("access", "until"),
    [
        ("Restricted until July 01, 2022", "2022-06-30"),
        ("[Restricted until July 01, 2022]", "2022-06-30"),
        ("Closed until 2030.", "2029-12-31"),
        ("Closed until after 2030.", "2030-12-31"),
        ("Closed through 2030.", "2030-12-31"),
        ("This series is closed to research until 1 January 2045.", "2044-12-31"),
        ("The diary is restricted. It will open in 2030.", ""),
        ("This file is restricted. It will open in 2030.", "2030-12-31"),
        ("It will open in 2030.", "2030-12-31"),
        ("These records will be opened on 5 May 2031.", "2031-05-04"),
        ("Embargoed until June 2027.", "2027-05-31"),
        ("Closed for 75 years from creation.", "2035-12-31"),
        ("These records are closed for a period of 75 years from the date of creation.", "2035-12-31"),
        ("Closed for fifty years from the date of the records.", "2010-12-31"),
        ("All records are restricted 60 years from date of creation.", "2020-12-31"),
        ("Closed for 25 years from the date of gift (4 May 2010).", "2035-05-04"),
        ("Closed for the lifetime of the donor.", WITHOUT_END),
        ("Closed until the death of the donor.", WITHOUT_END),
        ("Closed until processed.", WITHOUT_END),
        ("This collection is unprocessed and is not available for research.", WITHOUT_END),
        ("[RESTRICTED]", WITHOUT_END),
        ("[RESTRICTED-Removed to Box 21]", WITHOUT_END),
        ("27 [closed]", WITHOUT_END),
        ("NOT PRESENTLY OPEN FOR RESEARCH", WITHOUT_END),
        ("Not currently open to researchers.", WITHOUT_END),
        ("Closed", WITHOUT_END),
        ("The papers are sealed.", WITHOUT_END),
        ("Closed to the public.", WITHOUT_END),
        ("Gesperrt bis 2040.", "2039-12-31"),
        ("Cerrado hasta 2040.", "2039-12-31"),
        ("This file: [RESTRICTED]. Marsh papers: The collection is open for research.", WITHOUT_END),
        (
            "This folder is open without restriction. Marsh papers: The records are closed until 2050.",
            "2049-12-31",
        ),
        ("Closed until 2030. Marsh papers: These records are closed until 2050.", "2049-12-31"),
    ],
)
def test_what_closes_all_that_it_is_on(access: str, until: str) -> None:
    assert find_closure(_record(access)) == until


WALDMAN = (
    "The collection is open for research. Access to material in Boxes 27 and 43 is restricted. "
    "The restrictions are as follows: Correspondence in box 27 has been closed for the lifetime of the donor. "
    "Student and Faculty evaluations in box 30 have been closed for a period of 75 years from the date of the "
    "creation of the records (2063-2064)."
)
FILE = "Restricted access in part. The following file is restricted until July 2022: Personal--Forsyth, Ilene, 1960."


@pytest.mark.parametrize(
    ("record", "until"),
    [
        (_record(WALDMAN), ""),
        (_record(WALDMAN, container="Box 27"), WITHOUT_END),
        (_record(WALDMAN, container="Box 43, Folder 2"), WITHOUT_END),
        (_record(WALDMAN, "Student and faculty evaluations", "1989", "Box 30"), "2064-12-31"),
        (_record(WALDMAN, "Student and faculty evaluations", "", "Box 30"), "2064-12-31"),
        (_record(WALDMAN, "Poems", "1989", "Box 30"), ""),
        (_record("Box 27 is restricted until 2040.", container="Box 27, Folder 3"), "2039-12-31"),
        (_record("Box 27 is restricted until 2040.", container="Box 26"), ""),
        (_record("Boxes 5-7 are closed until 2040.", container="Box 6"), "2039-12-31"),
        (_record("Box 5, folders 1-3 are closed until 2040.", container="Box 5, Folder 2"), "2039-12-31"),
        (_record("Box 5, folders 1-3 are closed until 2040.", container="Box 5, Folder 4"), ""),
        (_record("Negatives are closed."), ""),
        (_record("Negatives are closed.", "Glass negatives of the mill"), WITHOUT_END),
        (_record("Series 2 is closed until 2040.", "Diary", "1960", "", "Series 2: Diaries"), "2039-12-31"),
        (_record("Series 2 is closed until 2040.", "Diary", "1960", "", "Series 1: Letters"), ""),
        (_record("Open except for medical records, which are closed until 2040.", "Medical records"), "2039-12-31"),
        (_record("Open except for medical records, which are closed until 2040.", "Letters"), ""),
        (_record("Some files are closed until 2040.", "Letters"), ""),
        (_record("Some files are closed until 2040.", "Restricted letters"), "2039-12-31"),
        (_record(FILE, "Forsyth, Ilene", "1960", "Vault", "Personal Papers"), "2022-06-30"),
        (_record(FILE, "Forsyth, Ilene", "1961", "Vault", "Personal Papers"), ""),
    ],
)  # fmt: skip
def test_what_closes_a_part_closes_the_records_it_names(record: Record, until: str) -> None:
    assert find_closure(record) == until


def test_years_from_creation_run_from_the_end_of_the_dates() -> None:
    closed = "Closed for 75 years from creation."
    assert find_closure(_record(closed, dates="1950-5 May 1960")) == "2035-05-05"
    assert find_closure(_record(closed, dates="undated")) == WITHOUT_END
