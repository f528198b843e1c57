"""A small base of random weights with the bundled reader's tokenizer, and versions of made-up pairs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from serve.settings import BUNDLED_READER
from tests.train.datasets.made_pairs import make_pair, make_refusal, plan
from train.datasets.folder import DatasetFolder, open_dataset
from train.datasets.making import Beside, write_version
from train.lora.base import weights_sha256
from train.lora.choosing import Device, choose_recipe
from train.lora.plan import Plan, write_plan
from train.lora.recipe import Recipe
from train.pairs.pair import Pair

ROOT = Path(__file__).parents[3]
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "generation_config.json")
QUICK: Mapping[str, Any] = {
    "smoke": True,
    "threads": 1,
    "replay": 0.0,
    "context": 512,
    "answer_tokens": 64,
    "passages": 3,
    "batch": 4,
    "epochs": 2,
    "rate": 0.01,
    "precision": "fp32",
    "checkpoint_seconds": 0.0,
}
"""A run of a few small steps, with dropout, and a checkpoint after each."""


def make_base(folder: Path, *, seed: int = 0, **changed: Any) -> Path:
    """A Llama with random weights: 2 layers of width 32."""
    torch.manual_seed(seed)
    shape = {
        "vocab_size": json.loads((BUNDLED_READER / "config.json").read_text())["vocab_size"],
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "tie_word_embeddings": True,
        "bos_token_id": None,
        "eos_token_id": 4,
        "pad_token_id": 0,
    }
    model = LlamaForCausalLM(LlamaConfig(**{**shape, **changed}))  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)
    for name in TOKENIZER:
        (folder / name).write_bytes((BUNDLED_READER / name).read_bytes())
    return folder


def make_pairs(many: int) -> list[Pair]:
    """Pairs that quote a heading; each seventh says "not found"."""
    return [make_refusal(n) if n % 7 == 6 else make_quoting(n) for n in range(many)]


def make_quoting(number: int, **changed: Any) -> Pair:
    pair = make_pair(number)
    heading = pair.evidence[0].heading
    return replace(replace(pair, answer=f'Yes: "{heading}" [1].'), **changed)


def make_dataset(root: Path, pairs: Iterable[Pair], base: Path) -> DatasetFolder:
    """A version of these pairs, made beside `base`."""
    draft = root / "draft"
    draft.mkdir(parents=True)
    beside = Beside(weights_sha256(base), "1", "")
    manifest = write_version(draft, plan(pairs), beside, number=1, created="2026", who="ada", why="a try")
    return open_dataset(draft.rename(root / str(manifest.version)))


def make_recipe(pairs: int = 30, **asked: Any) -> Recipe:
    """QUICK with `asked` laid over it, resolved."""
    return choose_recipe(pairs, Device(), {**QUICK, **asked}).recipe


def ask_run(folder: Path, base: Path, dataset: Path, index: Path | None = None, **asked: Any) -> Path:
    """The folder of a run that is only planned yet."""
    write_plan(folder, Plan(base=base, dataset=dataset, index=index, recipe={**QUICK, **asked}))
    return folder


def start_run(folder: Path, *words: str) -> subprocess.Popen[str]:
    """The real command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "train.lora", str(folder), *words],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_result(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "result.json").read_bytes())
    return told
