"""Kinds of material, out of titles, genre terms and the titles above, and by the words of patrons."""

from __future__ import annotations

from typing import get_args

import pytest

from retrieval.implied.kinds import KIND_WORDS, find_kinds, kinds_in_title
from retrieval.implied.names import fold_letters
from retrieval.records import Kind, Record
from retrieval.spans import Span


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("letters", "letter"),
        ("Snapshots", "photograph"),
        ("photo", "photograph"),
        ("cartes de visite", "photograph"),
        ("stereographs", "photograph"),
        ("journal", "diary"),
        ("daybooks", "account"),
        ("ledger", "account"),
        ("libretto", "music"),
        ("oral histories", "interview"),
        ("program", "programme"),
        ("playbills", "programme"),
        ("deeds", "legal"),
        ("cuttings", "clipping"),
        ("movies", "film"),
        ("sermon", "speech"),
        ("Briefe", "letter"),
        ("fotografías", "photograph"),
        ("blueprint", "drawing"),
        ("broadsides", "poster"),
        ("collection", None),
        ("Marsh", None),
        ("", None),
    ],
)
def test_what_a_patron_means_by_a_word(word: str, kind: Kind | None) -> None:
    assert KIND_WORDS.get(fold_letters(word)) == kind


def test_every_kind_can_be_asked_for() -> None:
    assert set(KIND_WORDS.values()) == set(get_args(Kind))


@pytest.mark.parametrize(
    ("title", "kinds"),
    [
        ("Winslow Homer ALS to Laura N[orcross] Marrs; [Scarboro, Maine]", ("letter",)),
        ("AL to Mother; Camp Mills, Long Island", ("letter",)),
        ("J[oseph] Hopkinson ANS to James Nelson Barker", ("letter",)),
        ("Elizabeth Frost DS to Thomas Lincoln; Boston", ()),
        ("Nathan Seabury Linnell AMsS to Miss Charlotte", ()),
        ("Washington, Little J.L: The Walking Bible, broadside", ("poster",)),
        ("Bryan and daughters (2 cartes-de-visite, 1 tintype)", ("photograph",)),
        ("Glass plate negatives", ("photograph",)),
        ("Daybook and ledger, 1809", ("account",)),
        ("Libretto for The Bohemian Girl", ("music",)),
        ("Oral history interview with Otto Vance", ("interview",)),
        ("Speeches and essays", ("speech", "literary")),
        ("Newspaper clippings re photographs of the mill", ("clipping",)),
        ("Photocopies of articles", ()),
        ("Newsletters and press releases", ()),
        ('"Letters from the Earth" publicity', ()),
        ("Jordan, Windsor, November 28, 1992. [Cassette available]", ()),
        ("Thomas Bond to Humphry Marshall", ()),
        ("Dr. Button", ()),
        ("A brief account of the flood", ()),
        ("Reports/Minutes", ("report", "minutes")),
        ("", ()),
    ],
)
def test_kinds_that_a_title_names(title: str, kinds: tuple[Kind, ...]) -> None:
    assert kinds_in_title(title) == kinds


_NIGHT = (Span("1927-08-29", "1927-08-29"),)


def _record(title: str, *above: str, **fields: object) -> Record:
    return Record(
        id="c/1", collection_id="c", level="file", title=title, collection="Marsh papers",
        breadcrumb=("Marsh papers", *above), **fields,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("record", "kinds"),
    [
        (_record("Town band on parade", "Photographs"), ("photograph",)),
        (_record("Children singing from sheet music on stage", "Glass slides"), ("photograph",)),
        (_record("Folder 2", "War-Time Correspondence", "Letters to Emma Dickson"), ("letter",)),
        (_record("1905, July-December", "Letters and personal papers", "Mary Marsh papers"), ("letter",)),
        (_record("Joy, Henry B.", "Correspondence"), ("letter",)),
        (_record("Blank forms", "Correspondence"), ()),
        (_record("Commencement", "Letters and personal papers"), ()),
        (_record("Jordan, Windsor, June 9, 1993", "Interview transcripts"), ("interview",)),
        (_record("Speech, June 9, 1993", "Audio cassettes"), ("sound", "speech")),
        (_record("Ruth Calloway", extent="3 photographs"), ("photograph",)),
        (_record("Ruth Calloway", subjects=("Letters (correspondence)",)), ("letter",)),
        (_record("Ruth Calloway", subjects=("Ardane--History--Maps",)), ("map",)),
        (_record("Ruth Calloway", subjects=("Music camps", "Music")), ()),
        (_record("Murray, T. C., Autumn Fire", "Programs", spans=_NIGHT), ("programme",)),
        (_record("Summer school", "Programs"), ()),
        (_record("Ruth Calloway"), ()),
    ],
)
def test_kinds_of_a_record_in_its_place(record: Record, kinds: tuple[Kind, ...]) -> None:
    assert find_kinds(record) == kinds


def test_a_collection_is_of_all_the_kinds_its_genre_terms_name() -> None:
    top = Record(
        id="c", collection_id="c", level="collection", title="Marsh papers", collection="Marsh papers",
        subjects=("Diaries", "Cartes-de-visite", "Oral histories (document genres)", "Oratory"),
    )  # fmt: skip
    assert find_kinds(top) == ("diary", "photograph", "interview")
