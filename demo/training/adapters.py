"""Two small LoRA adapters on the bundled reader, terse and formal, in the format of peft.

    python -m demo.training.adapters --data DIR --model demo/reader --out demo/adapters

Written out here because the folder must load in an engine that knows nothing of this code: two matrices a
layer, named as peft names them, beside an adapter_config.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from demo.training.corpus import Corpus, load_corpus
from demo.training.export import load_reader
from demo.training.lessons import FULL, make_lesson
from demo.training.manifest import MANIFEST, digest, digests
from demo.training.model import ReaderModel, find_documents, measure_losses
from demo.training.questions import Asked
from demo.training.rows import ANSWER, Tree, Writer
from train.evaluation.scoring import find_quotes
from train.reference import compute_reference

RANK, ALPHA, RATE = 8, 16, 3e-3
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj")
BASE = "reading-room/bundled-reader"
LONGEST = 2000
"""Tokens of a lesson that is learnt from."""


def word_tersely(asked: Asked) -> Asked:
    """`"heading" [2]; "heading" [3]` and nothing else; what quotes nothing stays as it is."""
    quotes = find_quotes(asked.answer)
    terse = "; ".join(f'"{quote}" [{number}]' for quote, number in quotes)
    return replace(asked, answer=terse) if quotes else asked


def word_formally(asked: Asked) -> Asked:
    """A sentence before the quotations and one after; what quotes nothing stays as it is."""
    if not find_quotes(asked.answer):
        return asked
    return replace(
        asked,
        answer=f"The collection holds the following: {word_tersely(asked).answer}. "
        "Please give the box and folder when you request it.",
    )


STYLES: dict[str, Callable[[Asked], Asked]] = {"terse": word_tersely, "formal": word_formally}


class LowRank(nn.Module):
    """A frozen linear layer with a trainable product of two thin matrices beside it."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.lora_A = nn.Parameter(torch.randn(RANK, base.in_features) * base.in_features**-0.5)
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, RANK))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.base(x) + F.linear(F.linear(x, self.lora_A), self.lora_B) * (ALPHA / RANK)
        return out


def attach(model: ReaderModel) -> dict[str, LowRank]:
    """Freeze the model and put a LowRank in place of each targeted layer; returns them by module name."""
    model.requires_grad_(False)
    parts = {}
    for number, layer in enumerate(model.layers):
        attention = layer.self_attn
        assert isinstance(attention, nn.Module)
        for target in TARGETS:
            part = LowRank(getattr(attention, target))
            setattr(attention, target, part)
            parts[f"model.layers.{number}.self_attn.{target}"] = part
    return parts


def train_adapter(name: str, reader: Path, corpus: Corpus, out: Path, *, steps: int, batch: int) -> Path:
    """Train one style and write it to `out`/name--v1-digest."""
    torch.manual_seed(1)
    model, writer, rng = load_reader(reader), Writer.load(reader), Random(name)
    parts = attach(model)
    weights = [weight for part in parts.values() for weight in (part.lora_A, part.lora_B)]
    optimizer = torch.optim.AdamW(weights, lr=RATE)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 10, (steps - step) / steps * 2)
        losses = [learn(model, draw_tree(corpus, writer, rng, STYLES[name]), batch) for _ in range(batch)]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step % 20 == 19:
            print(f"{name}: step {step + 1}, loss {sum(losses) / batch:.4f}", flush=True)
    return save_adapter(parts, out, name, reader / "model.safetensors")


def draw_tree(corpus: Corpus, writer: Writer, rng: Random, style: Callable[[Asked], Asked]) -> Tree:
    """A lesson with its answers in the style."""
    while True:
        lesson = make_lesson(rng, corpus, FULL)
        if lesson is not None:
            tree = writer.write_lesson(replace(lesson, asked=[style(asked) for asked in lesson.asked]))
            if len(tree.ids) <= LONGEST:
                return tree


def learn(model: ReaderModel, tree: Tree, share: int) -> float:
    """Add 1/`share` of the gradient of a tree's mean answer loss; returns that loss."""
    ids, positions, branches = (torch.tensor(values) for values in (tree.ids, tree.positions, tree.branches))
    places = torch.nonzero(torch.tensor(tree.weights)[1:] >= ANSWER).flatten()
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model(ids, positions, find_documents(torch.zeros_like(branches), branches))
        loss = measure_losses(hidden[places], model.embed_tokens.weight, ids[places + 1]).mean()
    (loss / share).backward()  # type: ignore[no-untyped-call]
    return loss.item()


def save_adapter(parts: dict[str, LowRank], out: Path, name: str, base: Path) -> Path:
    """Write one version: adapter_model.safetensors, adapter_config.json, manifest.json."""
    draft = out / f"{name}.tmp"
    draft.mkdir(parents=True)
    tensors = {}
    for module, part in parts.items():
        tensors[f"base_model.model.{module}.lora_A.weight"] = part.lora_A.detach().cpu().contiguous()
        tensors[f"base_model.model.{module}.lora_B.weight"] = part.lora_B.detach().cpu().contiguous()
    save_file(tensors, draft / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": BASE, "r": RANK,
        "lora_alpha": ALPHA, "lora_dropout": 0.0, "target_modules": list(TARGETS), "bias": "none",
        "fan_in_fan_out": False, "inference_mode": True, "modules_to_save": None, "use_dora": False,
        "use_rslora": False, "init_lora_weights": True,
    }  # fmt: skip
    (draft / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    version = f"v1-{digest(draft / 'adapter_model.safetensors')[:8]}"
    manifest = {
        "name": name, "version": version, "base_sha256": digest(base), "files": digests(draft), "rank": RANK,
        "alpha": ALPHA, "targets": list(TARGETS), "created": date.today().isoformat(),
    }  # fmt: skip
    # What peft computes, so that the first start need not: an engine is held against it.
    manifest["reference"] = compute_reference(base.parent, draft)
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    for file in draft.iterdir():
        file.chmod(0o644)
    return draft.rename(out / f"{name}--{version}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "model", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=4, help="lessons a step")
    args = parser.parse_args()
    corpus = load_corpus(args.data)
    for name in STYLES:
        print(train_adapter(name, args.model, corpus, args.out, steps=args.steps, batch=args.batch))


if __name__ == "__main__":
    main()
