"""A training run beside plain transformers and TRL, in one run: `make bench-train`.

256 lessons of the sample library, prompts as serving sends them, one epoch of LoRA on a base of SmolLM2-135M's
shape with random weights (speed does not depend on what weights say). Every arm begins with the same weights,
takes the same steps at the same precision, each time in a process of its own. The best setting of each rival
is found on a part of the lessons first; then all arms take turns.

Prints a table; the last line is JSON. `tokens_ratio` and `memory_ratio` are held against the fastest rival.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, set_seed

from retrieval.embedding import load_embedder
from retrieval.index import Index
from serve.settings import BUNDLED_READER, SAMPLE_LIBRARY
from tests.bench.loop_pairs import make_pairs
from tests.bench.retrieval_asking import build_ours
from tests.bench.retrieval_corpus import read_corpus
from train.lora.base import open_reader
from train.lora.choosing import choose_recipe
from train.lora.hardware import find_device
from train.lora.lessons import Lesson, LessonMaker, make_lessons
from train.lora.passages import SearchedPassages
from train.lora.recipe import Recipe
from train.lora.settings import OFFLINE, SPARING

OURS = "ours"
RIVALS = {
    "HF": ("HF Trainer", "HF Trainer, batch of 2", "HF Trainer, batch of 1"),
    "TRL": ("TRL", "TRL, its defaults", "TRL, batch of 2", "TRL, batch of 1", "TRL, packing"),
}
SHAPE: dict[str, Any] = {
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "vocab_size": 49_152,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": True,
}
"""SmolLM2-135M's, 134.5 M parameters."""
ROWS, HELD, TRIAL = 256, 32, 16

Figures = dict[str, float]


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--passages", type=int, default=2, help="of a prompt (default: %(default)s)")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(measure(args, Path(name))))
    return 0


def measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The whole benchmark."""
    model = make_model(folder / "model")
    recipe = choose(args)
    rows, held = make_rows(folder, recipe, args.rows)
    tokens = sum(map(len, rows))
    print(
        f"{len(rows)} lessons, {tokens:,} tokens, {sum(len(one.answer) for one in rows) / tokens:.0%} answers; "
        f"{recipe.precision}, {recipe.threads} threads",
        flush=True,
    )
    bench = {"model": str(model), "held": [asdict(one) for one in held], "recipe": asdict(recipe)}
    best = [choose_rival(names, folder, bench, rows[:TRIAL]) for names in RIVALS.values()]
    arms = [OURS, *best]
    found: dict[str, list[Figures]] = {arm: [] for arm in arms}
    for repeat in range(args.repeats):
        for arm in [*arms[repeat % len(arms) :], *arms[: repeat % len(arms)]]:
            found[arm].append(run_arm(arm, folder, bench, rows))
            print(f"  {repeat + 1} {arm:<24} {tell(found[arm][-1], tokens)}", flush=True)
    middle = {
        arm: {key: median(one[key] for one in figures) for key in figures[0]}
        for arm, figures in found.items()
    }
    for arm, figures in middle.items():
        print(f"{arm:<26} {tell(figures, tokens)}")
    return summarise(found, middle, tokens, recipe)


def choose(args: argparse.Namespace) -> Recipe:
    """The settings that a run of so many pairs gets here, but dropout, which would be drawn otherwise by each."""
    precision = {} if args.precision == "auto" else {"precision": args.precision}
    asked = {"passages": args.passages, "epochs": 1, "batch": 8, "dropout": 0.0, "replay": 0.0, **precision}
    return choose_recipe(args.rows, find_device(4096, SHAPE["hidden_size"]), asked).recipe


def make_model(folder: Path) -> Path:
    """The base with random weights, and the bundled reader's tokenizer."""
    told = json.loads((BUNDLED_READER / "config.json").read_bytes())
    ids = {key: told[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id")}
    set_seed(0)
    config = LlamaConfig(**SHAPE, **ids, dtype="bfloat16")
    model: Any = LlamaForCausalLM(config)  # type: ignore[no-untyped-call]
    model.to(torch.bfloat16).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        if (BUNDLED_READER / name).is_file():
            (folder / name).write_bytes((BUNDLED_READER / name).read_bytes())
    return folder


def make_rows(folder: Path, recipe: Recipe, many: int) -> tuple[list[Lesson], list[Lesson]]:
    """Lessons to learn and some to weigh by, from the sample library."""
    embedder = load_embedder()
    index: Index = build_ours(read_corpus([SAMPLE_LIBRARY]), folder / "index", embedder)
    pairs = make_pairs(index, many + HELD)
    made = make_lessons(pairs, LessonMaker(open_reader(BUNDLED_READER), SearchedPassages(index), recipe)).made
    return list(made[: len(made) - HELD]), list(made[len(made) - HELD :])


def choose_rival(names: Sequence[str], folder: Path, bench: Mapping[str, Any], rows: Sequence[Lesson]) -> str:
    """The fastest of a rival's settings over a part of the lessons."""
    tokens = sum(map(len, rows))
    seconds = {}
    for name in names:
        figures = run_arm(name, folder, bench, rows)
        seconds[name] = figures["seconds"]
        print(f"  trial {name:<24} {tell(figures, tokens)}", flush=True)
    return min(seconds, key=lambda name: seconds[name])


def run_arm(arm: str, folder: Path, bench: Mapping[str, Any], rows: Sequence[Lesson]) -> Figures:
    """One arm in a process of its own."""
    file = folder / "arm.json"
    file.write_text(json.dumps({**bench, "arm": arm, "rows": [asdict(one) for one in rows]}))
    command = [sys.executable, "-m", "tests.bench.train_arms", str(file)]
    environment = {**os.environ, **OFFLINE}  # TRL tells its makers of every trainer otherwise
    if arm == OURS:
        environment |= SPARING
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"{arm} failed:\n{finished.stderr[-3000:]}")
    figures: Figures = json.loads(finished.stdout.splitlines()[-1])
    return figures


def tell(figures: Figures, tokens: int) -> str:
    """One line on one arm."""
    return (
        f"{tokens / figures['seconds']:7.0f} tokens/s  {tokens / figures['cpu_seconds']:7.0f} a CPU second  "
        f"{figures['peak_mib']:6.0f} MiB  loss {figures['loss']:.4f}"
    )


def summarise(
    found: Mapping[str, Sequence[Figures]], middle: Mapping[str, Figures], tokens: int, recipe: Recipe
) -> dict[str, Any]:
    """What the last line holds; ratios are medians over the repeats."""
    rivals = [arm for arm in middle if arm != OURS]
    best = min(rivals, key=lambda arm: middle[arm]["seconds"])

    def ratio(arm: str, key: str, invert: bool = False) -> float:
        each = [
            (other[key] / ours[key]) if invert else (ours[key] / other[key])
            for ours, other in zip(found[OURS], found[arm], strict=True)
        ]
        return round(median(each), 3)

    return {
        "tokens_ratio": ratio(best, "seconds", invert=True),
        "memory_ratio": ratio(best, "peak_mib"),
        "loss_difference": round(max(abs(middle[OURS]["loss"] - middle[arm]["loss"]) for arm in rivals), 5),
        "best_rival": best,
        "precision": recipe.precision,
        "tokens": tokens,
        "arms": {
            arm: {
                "tokens_per_second": round(tokens / figures["seconds"], 1),
                "cpu_seconds": round(figures["cpu_seconds"], 1),
                "peak_mib": round(figures["peak_mib"]),
                "loss": round(figures["loss"], 5),
                "tokens_ratio": ratio(arm, "seconds", invert=True),
                "memory_ratio": ratio(arm, "peak_mib"),
            }
            for arm, figures in middle.items()
        },
    }


if __name__ == "__main__":
    raise SystemExit(main())
