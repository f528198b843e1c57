"""Search learns: a worker tunes the embedding model, and it is put in service only where it finds better."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.embedding import load_embedder
from retrieval.library import Library
from retrieval.store.index_embedder import load_index_embedder
from retrieval.store.snapshot import read_current, read_manifest
from serve.database import Database
from serve.errors import Conflict, NotFound
from serve.people.audit import read_audit
from serve.settings import Settings
from serve.training.administration import Training, make_training
from serve.training.embedding import submit_embedding, use_embedding
from serve.training.handlers import make_handlers
from tests.serve.dataset_parts import BEN, approve, withdraw
from tests.serve.training_parts import build_dataset, do_job
from tests.train.datasets.made_pairs import make_refusal
from tests.train.embedding.scene import build_letters, make_letter_pair

PAIRS = [*map(make_letter_pair, range(36)), make_refusal(90)]


@pytest.fixture
def training(database: Database, settings: Settings) -> Training:
    """Approved pairs about the letters of an index that the default embedding model made."""
    build_letters(settings.index_root, load_embedder())
    approve(database, PAIRS)
    return make_training(settings, database)


def test_a_model_is_tuned_by_a_worker_and_the_index_made_anew_with_it(
    training: Training, database: Database, settings: Settings
) -> None:
    job = submit_embedding(training, build_dataset(training), actor=BEN, force=True, why="wrong boxes")
    done = do_job(database, make_handlers(settings, database), job.id)
    assert done.state == "succeeded", done.problem
    assert done.result and done.result["forced"] is True
    before = read_current(settings.index_root)
    # So few questions show nothing, and what is not shown to be better is not taken.
    assert done.result["verdict"]["ruling"] == "not enough evidence"
    with pytest.raises(Conflict, match="Expected a model that is better"):
        use_embedding(settings, database, job.id, actor=BEN, why="try it")
    assert read_current(settings.index_root) == before

    version = use_embedding(settings, database, job.id, actor=BEN, why="try it", override="a test")
    manifest = read_manifest(settings.index_root / version)
    assert version == read_current(settings.index_root) != before
    assert manifest.embedder_digest != read_manifest(settings.index_root / before).embedder_digest
    embedder = load_index_embedder(settings.index_root)
    assert embedder.digest == manifest.embedder_digest != load_embedder().digest
    found = Library(settings.index_root, embedder).current().search("Who wrote of the lighthouse?", top_k=3)
    assert found.hits[0].record.id == "r-lighthouse"
    (entry,) = [one for one in read_audit(database) if one.what == "put in service"]
    assert (entry.who, entry.why, entry.details["override"]) == ("ben", "try it", "a test")


def test_too_few_pairs_are_refused_with_what_to_do(
    training: Training, database: Database, settings: Settings
) -> None:
    job = submit_embedding(training, build_dataset(training), actor=BEN)
    done = do_job(database, make_handlers(settings, database), job.id)
    assert done.state == "failed" and "300" in done.problem
    with pytest.raises(Conflict, match="has made no embedding model: it is embed, failed"):
        use_embedding(settings, database, job.id, actor=BEN, why="try it")
    with pytest.raises(NotFound):
        use_embedding(settings, database, "embed-nothing", actor=BEN, why="try it")


def test_pairs_withdrawn_since_are_not_learnt_from(training: Training, database: Database) -> None:
    dataset = build_dataset(training)
    members = training.datasets.open(dataset).train()
    withdraw(database, members[0].pair.id)
    with pytest.raises(Conflict, match="withdrawn"):
        submit_embedding(training, dataset, actor=BEN, force=True)


def test_no_question_is_left_in_the_folder_of_a_run(
    training: Training, database: Database, settings: Settings
) -> None:
    job = submit_embedding(training, build_dataset(training), actor=BEN, force=True)
    do_job(database, make_handlers(settings, database), job.id)
    folder: Path = training.root / job.id
    assert (folder / "result.json").is_file() and not (folder / "cases.jsonl").exists()
