"""A corpus small enough to make here, in the files and fields of the real one, and a tokenizer of it."""

from __future__ import annotations

import json
import lzma
from random import Random

import pytest

from demo.training.corpus import ARCHIVAL, PROSE, READING, Corpus, load_corpus
from demo.training.rows import Writer
from demo.training.tokens import sample_texts, save_tokenizer, train_tokenizer
from demo.training.worlds import invent_collection

STORY = (
    "The ferry at {place} sank in {year}. Captain {name} had left the harbor before dawn with {count} sacks of wheat. "
    "Nobody was drowned, for the mail boat came up within the hour. The owners rebuilt her in iron the next spring."
)


def _archival_rows(rng: Random) -> list[dict[str, str]]:
    rows = []
    for number in range(60):
        for record in invent_collection(rng, 12).records:
            text = f"{record.text} Extent: {record.extent}." if record.extent else record.text
            crumbs = ("Library of Somewhere", f"Collection {number}", *record.breadcrumb)
            rows.append(
                {
                    "source": "a/b", "breadcrumb": " > ".join(crumbs), "title": record.title, "date": record.dates,
                    "container": record.container, "text": text,
                }
            )  # fmt: skip
    return rows


def _reading_rows(rng: Random) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number in range(150):
        place, name = (
            f"Port {rng.choice('ABCDEFGH')}{number}",
            rng.choice(("Hale", "Novak", "Ingster", "Ross")),
        )
        year, count = rng.randint(1820, 1910), rng.randint(100, 900)
        context = STORY.format(place=place, name=name, year=year, count=count)
        for question, answer in (
            (f"When did the ferry at {place} sink?", str(year)),
            ("Who had left the harbor?", f"Captain {name}"),
            ("What is the captain's age?", ""),
        ):
            rows.append(
                {
                    "source": "stories",
                    "context": context,
                    "question": question,
                    "answer": answer,
                    "answerable": bool(answer),
                    "history": [],
                }
            )
    return rows


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder, rng = tmp_path_factory.mktemp("corpus"), Random(4)
    for name, rows in ((ARCHIVAL, _archival_rows(rng)), (READING, _reading_rows(rng))):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / name).write_bytes(lzma.compress(text.encode(), preset=0))
    chapters = [
        f"Chapter {n}\n" + "\n".join(str(row["context"]) for row in _reading_rows(rng)[:12:3])
        for n in range(20)
    ]
    (folder / PROSE).write_bytes(lzma.compress("\n\x1e\n".join(chapters).encode(), preset=0))
    return load_corpus(folder)


@pytest.fixture(scope="session")
def writer(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Writer:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_tokenizer(sample_texts(corpus, pieces=60), vocabulary=1600), folder)
    return Writer.load(folder)
