"""A made-up index's vocabulary, for tests of how questions are read."""

from __future__ import annotations

from pathlib import Path

from retrieval.asked.vocabulary import Vocabulary, VocabularyWriter
from tests.retrieval.shelf import make_record

PARTS = (
    (
        make_record(
            id="ms45", collection_id="ms45", level="collection", title="Marsh family papers",
            collection="Marsh family papers", call_number="MS 45", creator="Marsh family",
            names=("Marsh, Ellen, 1871-1938", "Marsh, Thomas"), places=("Harrow Point (N.S.)",),
            identifiers=("ark:/99166/w6xk8s12",),
            text="Papers of a family of mill owners in Harrow Point. The railway strike and the orchard flood "
            "are documented, with suffrage petitions.",
        ),
        make_record(
            id="ms45/1", collection_id="ms45", collection="Marsh family papers", call_number="MS 45",
            title="Ellen Marsh ALS to Mrs. Hudson", senders=("Ellen Marsh",), recipients=("Mrs. Hudson",),
            names=("Ellen Marsh", "Mrs. Hudson"), container="Box 4, Folder 12", parent_id="ms45",
        ),
        make_record(
            id="ms45/2", collection_id="ms45", collection="Marsh family papers", call_number="MS 45",
            title="Rev. Josiah Pennefather to Ellen Marsh", senders=("Pennefather, Josiah, Rev.",),
            recipients=("Ellen Marsh",), names=("Pennefather, Josiah, Rev.", "Taft, William Howard, 1857-1930"),
            container="Box 4, Folder 13", parent_id="ms45", places=("Scarboro (Me.)", "Lyon"),
        ),
        make_record(
            id="ms45/3", collection_id="ms45", collection="Marsh family papers", call_number="MS 45",
            title="Letters of a sealed bequest", names=("Quillfeather, Obadiah",), withheld_until="2090-12-31",
            container="Box 9, Folder 1", parent_id="ms45", identifiers=("ark:/99166/sealed9",),
        ),
    ),
    (
        make_record(
            id="ms46", collection_id="ms46", level="collection", title="Thornbury Mill Company records, 1880-1931",
            collection="Thornbury Mill Company records, 1880-1931", call_number="MS 46",
            creator="Thornbury Mill Company", names=("Thornbury Mill Company", "Goodwin, Samuel"),
            text="Ledgers and photographs of the mill.",
        ),
        make_record(
            id="uc7", collection_id="uc7", level="collection", title="Clara Whitcombe papers",
            collection="Clara Whitcombe papers", call_number="UC.00007", creator="Whitcombe, Clara, 1874-1920",
            names=("Whitcombe, Clara, 1874-1920", "Dickinson, Lavinia", "Day, Dorothea", "Hill, Daniel Harvey"),
            text="Correspondence of a suffragist, with photographs of perfume factories. SAMUEL GOOCLWIN, printer.",
        ),
        make_record(
            id="ph2", collection_id="ph2", level="collection", title="Town band photographs",
            collection="Town band photographs", call_number="PH.00002", names=("Meer, Pieter van der",),
            text="Photographs of the town band on parade in the harbour.",
        ),
        make_record(
            id="ok1", collection_id="ok1", level="collection", title="Albert Okafor papers",
            collection="Albert Okafor papers", call_number="MS 77", names=("Okafor, Albert", "Lindqvist, Astrid"),
        ),
        make_record(
            id="ok2", collection_id="ok2", level="collection", title="Okafor-Lindqvist collection of maps",
            collection="Okafor-Lindqvist collection of maps", call_number="MS 78", names=("Okafor, Grace",),
        ),
    ),
)  # fmt: skip
"""Two parts of a snapshot, as they would be indexed one after the other."""


def write_vocabulary(folder: Path) -> Vocabulary:
    """The vocabularies of both parts, written below `folder` and opened as one."""
    folders = []
    for number, records in enumerate(PARTS):
        part = folder / f"part-{number}"
        part.mkdir()
        writer = VocabularyWriter(part)
        for record in records:
            writer.add(record)
        writer.close()
        folders.append(part)
    return Vocabulary(folders)
