"""Two small LoRA adapters on the bundled reader, terse and formal, in the format of peft.

Written out here because the folder must load in an engine that knows nothing of this code: two matrices
a layer, named as peft names them, beside an adapter_config.json.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from demo.reader_batches import Batch, Tree, collate
from demo.reader_lessons import MIDDLE, Library, Teacher
from demo.reader_manifest import MANIFEST, digest, digests
from demo.reader_model import ReaderModel, Shape
from demo.reader_score import exact_answers
from demo.wording import Wording, word_formally, word_tersely
from train.reference import compute_reference

RANK, ALPHA = 8, 16
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj")
BASE = "reading-room/bundled-reader"
STYLES: dict[str, Wording] = {"terse": word_tersely, "formal": word_formally}


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


def load_reader(folder: Path) -> ReaderModel:
    """The reader from its folder, as float32."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    names = Shape.__dataclass_fields__
    model = ReaderModel(Shape(**{name: config[name] for name in names}))
    weights = load_file(folder / "model.safetensors")
    model.load_state_dict({name.removeprefix("model."): value.float() for name, value in weights.items()})
    return model


def train_adapters(reader: Path, adapters: Path, library: Library, *, steps: int, batch_tokens: int) -> None:
    """Train each style and write it to `adapters`/name--v1-digest."""
    for name, style in STYLES.items():
        model = load_reader(reader)
        parts = attach(model)
        teacher = Teacher(Tokenizer.from_file(str(reader / "tokenizer.json")), style)
        optimizer = torch.optim.AdamW(
            [p for part in parts.values() for p in (part.lora_A, part.lora_B)], lr=3e-3
        )
        exact: list[float] = []
        for step, batch in enumerate(_batches(teacher, library, steps, batch_tokens)):
            for group in optimizer.param_groups:
                group["lr"] = 3e-3 * min(1.0, (step + 1) / 10, (steps - step) / steps * 2)
            exact.append(_step(model, optimizer, batch))
            if step % 20 == 19:
                print(f"{name}: step {step + 1}, exact {sum(exact[-20:]) / 20:.3f}", flush=True)
        print(save_adapter(parts, adapters, name, reader / "model.safetensors"))


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


def save_adapter(parts: dict[str, LowRank], adapters: Path, name: str, base: Path) -> Path:
    """Write one version: adapter_model.safetensors, adapter_config.json, manifest.json."""
    draft = adapters / f"{name}.tmp"
    draft.mkdir(parents=True)
    tensors = {}
    for module, part in parts.items():
        tensors[f"base_model.model.{module}.lora_A.weight"] = part.lora_A.detach().contiguous()
        tensors[f"base_model.model.{module}.lora_B.weight"] = part.lora_B.detach().contiguous()
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
    manifest["reference"] = compute_reference(base, draft)
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    for file in draft.iterdir():
        file.chmod(0o644)
    return draft.rename(adapters / f"{name}--{version}")


def _batches(teacher: Teacher, library: Library, steps: int, tokens: int) -> Iterator[Batch]:
    rng = random.Random(5)
    for _ in range(steps):
        trees: list[Tree] = []
        while sum(map(len, trees)) < tokens:
            tree = teacher.lesson(library.pool(rng), rng, MIDDLE)
            if tree is not None:
                trees.append(tree)
        yield collate(trees, rng)


def _step(model: ReaderModel, optimizer: torch.optim.Optimizer, batch: Batch) -> float:
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model(batch.ids, batch.positions, batch.mask)[batch.rows, batch.columns]
        logits = model.score(hidden).float()
    loss = F.cross_entropy(logits, batch.targets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return exact_answers(logits, batch).float().mean().item()
