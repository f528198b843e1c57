"""A base model as small as can be that really trains, dataset versions beside it, and workers in a thread."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from serve.adapters.administration import make_administration
from serve.adapters.folder import AdapterFolder
from serve.adapters.registry import Registry
from serve.database import Database
from serve.jobs.claims import Claims
from serve.jobs.job import ENDED, Job
from serve.jobs.queue import Jobs
from serve.jobs.worker import Handler, work
from serve.settings import BUNDLED_READER, Settings
from serve.training.administration import Training, make_training
from serve.training.publishing import publish_version
from serve.training.run import Run
from tests.serve.dataset_parts import BEN, approve
from tests.serve.made_adapters import write_peft_folder
from tests.train.datasets.made_pairs import make_pairs, make_refusal
from train.lora.choosing import Device, choose_recipe
from train.lora.files import ADAPTER, RESULT, folder_sha256
from train.pairs.pair import Pair

WAIT_SECONDS = 600.0
"""Ample: the machine may be busy, and a trainer starts slowly then."""
QUICK: dict[str, Any] = {"epochs": 1, "batch": 16, "context": 512, "replay": 0.0, "threads": 1, "rank": 4}
"""A run of seconds."""


def make_tiny_base(folder: Path, seed: int = 0) -> Path:
    """A Llama of two narrow layers with random weights, and the bundled reader's tokenizer and chat form."""
    folder.mkdir(parents=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja"):
        if (BUNDLED_READER / name).is_file():
            shutil.copy(BUNDLED_READER / name, folder / name)
    told = json.loads((BUNDLED_READER / "config.json").read_bytes())
    width, inner, layers, vocabulary = 32, 48, 2, int(told["vocab_size"])
    told |= {
        "hidden_size": width, "intermediate_size": inner, "num_hidden_layers": layers, "head_dim": 16,
        "num_attention_heads": 2, "num_key_value_heads": 2, "dtype": "float32", "tie_word_embeddings": True,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(told))
    generator = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens": (vocabulary, width), "model.norm": (width,)}
    for layer in range(layers):
        stem = f"model.layers.{layer}"
        shapes |= {f"{stem}.self_attn.{name}_proj": (width, width) for name in "qkvo"}
        shapes |= {f"{stem}.mlp.{name}_proj": (inner, width) for name in ("gate", "up")}
        shapes |= {f"{stem}.mlp.down_proj": (width, inner), f"{stem}.input_layernorm": (width,)}
        shapes |= {f"{stem}.post_attention_layernorm": (width,)}
    weights = {
        f"{name}.weight": (generator.standard_normal(shape) * 0.05 if len(shape) == 2 else np.ones(shape))
        .astype(np.float32)
        for name, shape in shapes.items()
    }  # fmt: skip
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def make_settings(folder: Path, base: Path, **changed: Any) -> Settings:
    """Over a data folder of the test's own, beside no index."""
    return Settings(data=folder / "data", model=str(base), collections=(), **changed)


def list_pairs(many: int = 60, refusals: int = 8) -> list[Pair]:
    return [*make_pairs(many), *(make_refusal(100 + number) for number in range(refusals))]


def build_dataset(training: Training, name: str = "letters") -> str:
    """The next version of the pairs that are approved."""
    return training.datasets.build(name, actor=BEN, why="to train from").version.version


def make_scene(
    database: Database, settings: Settings, pairs: list[Pair] | None = None
) -> tuple[Training, str]:
    """Runs over an empty data folder, and a dataset version to train from."""
    training = make_training(settings, database)
    approve(database, list_pairs() if pairs is None else pairs)
    return training, build_dataset(training)


def submit(training: Training, dataset: str, adapter: str = "letters", **asked: Any) -> Run:
    return training.submit(dataset, adapter, asked={**QUICK, **asked}, actor=BEN, why="to answer better")


def do_job(
    database: Database, handlers: Mapping[str, Handler], job: str, *, seconds: float = WAIT_SECONDS
) -> Job:
    """Have a worker in a thread do jobs until one has ended."""
    jobs, stopping = Jobs(database), threading.Event()
    thread = threading.Thread(
        target=work, args=(database, handlers, stopping), kwargs={"name": "here", "poll_seconds": 0.05}
    )
    thread.start()
    try:
        wait_until(lambda: jobs.find(job).state in ENDED, seconds)
    finally:
        stopping.set()
        thread.join()
    return jobs.find(job)


def wait_until(happened: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def list_store(settings: Settings) -> list[str]:
    """The adapter versions that lie on the disk."""
    if not settings.adapters.is_dir():
        return []
    return sorted(
        path.name for path in settings.adapters.iterdir() if "--v" in path.name and path.name[0] != "."
    )


def list_known(settings: Settings, database: Database) -> dict[str, str]:
    """The adapter versions that the registry knows, with their states."""
    snapshot = make_administration(settings, Registry(database)).registry.snapshot()
    return {version.name: version.state for version in snapshot.versions}


def finish_run(training: Training, run: Run, base: Path, seed: int = 1) -> Path:
    """Leave in a run's folder what its trainer leaves: an adapter of random weights, and the result."""
    folder = training.folder(run)
    write_peft_folder(folder / ADAPTER, base, seed, rank=4)
    recipe = replace(choose_recipe(run.pairs, Device(context=4096)).recipe, rank=4)
    result = {
        "format": 1,
        "kind": ADAPTER,
        "promotable": True,
        "files": folder_sha256(folder / ADAPTER),
        "base": {"sha256": run.base_sha256},
        "dataset": {"version": run.dataset, "sha256": run.dataset_sha256},
        "recipe": asdict(recipe),
        "steps": {"planned": 10, "done": 10, "kept": 10},
        "loss": {"verdict": "learning", "sentence": "It is still learning."},
        "stopped": "All epochs are done.",
    }
    (folder / RESULT).write_text(json.dumps(result))
    return folder


def take_in(training: Training, settings: Settings, run: Run) -> AdapterFolder:
    """What a worker has put into the adapter folder before it publishes."""
    administration = make_administration(settings, Registry(training.database))
    lineage = {"run": run.id, "dataset": run.dataset}
    return administration.take_in(training.folder(run) / ADAPTER, run.adapter, lineage)


def publish(training: Training, settings: Settings, base: Path, run: Run, seed: int = 1) -> Run:
    """A run that is trained: its version known, its exam in the queue."""
    finish_run(training, run, base, seed)
    version = take_in(training, settings, run)
    claims = Claims(training.database, ["train"], worker="here")
    job = claims.claim()
    assert job is not None and job.id == run.job
    claims.finish(job, {}, lambda session: publish_version(session, run, version, None))
    return training.find(run.id)
