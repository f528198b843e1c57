"""The model of a run: the base loaded, its trainable part laid on, and that part written as peft does.

Nothing here asks a network, and a base's own code is never run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from train.lora.attention import NAME, register
from train.lora.base import BaseFolder
from train.lora.errors import TrainingFailed, TrainingRefused
from train.lora.files import read_json, write_json
from train.lora.low_rank import LowRankLinear
from train.lora.recipe import Recipe

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import BitsAndBytesConfig, PreTrainedModel

    Tuned: TypeAlias = PreTrainedModel | PeftModel

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_SOFTCAP = "attn_logit_softcapping"
"""Of Gemma 2: PyTorch's kernels do not know it, so such a model keeps to transformers' own attention."""
_LEFT_OUT = ("README.md",)
_CONFIG = "adapter_config.json"


def load_base(base: BaseFolder, recipe: Recipe, device: str) -> PreTrainedModel:
    """The base, frozen unless all of it is trained, on its device. Raises TrainingRefused."""
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    register()
    told: dict[str, Any] = {}
    if recipe.method == "qlora":
        told = {"quantization_config": _make_quantization(), "device_map": {"": 0}}
    try:
        model = AutoModelForCausalLM.from_pretrained(
            base.path,
            dtype=_TYPES[recipe.precision],
            attn_implementation="sdpa",
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            **told,
        )
    except (OSError, ValueError, KeyError, AttributeError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise TrainingRefused(
            f"The base in {base.path} cannot be loaded: {reason}. Copy it again."
        ) from error
    if recipe.method != "qlora":
        model.to(torch.device(device))  # type: ignore[arg-type]
    model.config.use_cache = False
    return model


def attach(model: PreTrainedModel, base: BaseFolder, recipe: Recipe) -> Tuned:
    """The model with what is trained: LoRA layers, or all of it. Seed before: LoRA's A is drawn by chance."""
    if getattr(model.config, _SOFTCAP, None) is None:
        model.set_attn_implementation(NAME)
    if recipe.recompute:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    if recipe.method == "full":
        model.train()
        return model
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    if recipe.method == "qlora":
        model = prepare_model_for_kbit_training(  # type: ignore[no-untyped-call]
            model, use_gradient_checkpointing=recipe.recompute
        )
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=find_targets(model, recipe.layers),
        task_type="CAUSAL_LM",
    )
    if recipe.method != "qlora" and not recipe.epsilon:  # in 4 bits, or lesson by lesson, peft's own
        config._register_custom_module({torch.nn.Linear: LowRankLinear})
    tuned = get_peft_model(model, config)
    tuned.train()
    return tuned


def find_targets(model: torch.nn.Module, layers: int) -> list[str]:
    """The linear layers to put LoRA on: by their last names, or the whole paths in the last `layers` layers.

    The head and the embeddings are never among them: no engine loads them hot. Raises TrainingRefused.
    """
    found: dict[str, int] = {}
    for name, module in model.named_modules():
        numbers = [part for part in name.split(".") if part.isdecimal()]
        if isinstance(module, torch.nn.Linear) and numbers:
            found[name] = int(numbers[0])
    if not found:
        raise TrainingRefused("The base has no linear layers to put LoRA on. Train another base.")
    depth = max(found.values()) + 1
    if not layers or layers >= depth:
        return sorted({name.rsplit(".", 1)[-1] for name in found})
    return sorted(name for name, layer in found.items() if layer >= depth - layers)


def save_weights(model: Tuned, folder: Path, base: BaseFolder, recipe: Recipe) -> None:
    """Write the adapter as peft does, or all of a fully tuned model as a base folder of its own."""
    if recipe.method == "full":
        state = {name: value.to(_stored_type(base)) for name, value in model.state_dict().items()}
        model.save_pretrained(str(folder), state_dict=state)
        _copy_rest(base.path, folder)
        return
    model.save_pretrained(str(folder), save_embedding_layers=False)
    for name in _LEFT_OUT:
        (folder / name).unlink(missing_ok=True)
    config = read_json(folder / _CONFIG)
    write_json(
        folder / _CONFIG, {**config, "base_model_name_or_path": base.path.name}
    )  # no path of this machine


def check_moved(folder: Path, recipe: Recipe, base: BaseFolder) -> dict[str, float]:
    """That what was trained is finite and has moved; how far. Raises TrainingFailed.

    LoRA begins with B at nothing, so any B that is still nothing was never trained. Written files are read,
    not the model in memory: what is looked at is what will be served.
    """
    from safetensors.torch import load_file

    tensors = {
        name: value
        for file in sorted(folder.glob("*.safetensors"))
        for name, value in load_file(file).items()
    }
    if any(not bool(torch.isfinite(value).all()) for value in tensors.values()):
        raise TrainingFailed("The weights hold what is no number. Lower the rate, and train again.")
    if recipe.method == "full":
        before = {
            name: value
            for file in sorted(base.path.glob("*.safetensors"))
            for name, value in load_file(file).items()
        }
        moved = {
            name: float((value.float() - before[name].float()).norm())
            for name, value in tensors.items()
            if name in before
        }
    else:
        moved = {name: float(value.float().norm()) for name, value in tensors.items() if ".lora_B." in name}
    still = sorted(name for name, norm in moved.items() if norm == 0.0)
    if not moved or len(still) == len(moved) or (still and recipe.method != "full"):
        raise TrainingFailed(
            f"Expected all {len(moved)} trained matrices to have moved, found {len(still)} that have not, "
            f"such as {still[0] if still else 'none there at all'}. Train for longer or at a higher rate."
        )
    norms = sorted(moved.values())
    return {"matrices": len(norms), "least": norms[0], "middle": norms[len(norms) // 2], "most": norms[-1]}


def count_trained(model: torch.nn.Module) -> int:
    """Parameters that are trained."""
    return sum(value.numel() for value in model.parameters() if value.requires_grad)


def generate(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    stops: Sequence[int],
    padding: int,
    most: int,
) -> list[list[int]]:
    """Greedy answers to prompts given as token ids, at most `most` tokens each, the stop among them."""
    width = max(map(len, prompts))
    device = next(model.parameters()).device
    ids = torch.tensor([[padding] * (width - len(one)) + list(one) for one in prompts], device=device)
    mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in prompts], device=device)
    model.eval()  # type: ignore[no-untyped-call]
    with torch.inference_mode():
        out = model.generate(  # type: ignore[operator]
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=most,
            do_sample=False,
            use_cache=True,
            eos_token_id=list(stops),
            pad_token_id=padding,
        )
    return [[int(token) for token in row] for row in out[:, width:]]


def _make_quantization() -> BitsAndBytesConfig:
    if find_spec("bitsandbytes") is None:
        raise TrainingRefused(
            'method: "qlora" needs bitsandbytes, which is not installed. Install it '
            '(pip install bitsandbytes), or choose "lora".'
        )
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _stored_type(base: BaseFolder) -> torch.dtype:
    config = json.loads((base.path / "config.json").read_bytes())
    named = config.get("dtype") or config.get("torch_dtype") or "float32"
    found = getattr(torch, str(named), torch.float32)
    return found if isinstance(found, torch.dtype) else torch.float32


def _copy_rest(base: Path, folder: Path) -> None:
    """Tokenizer and settings, so that the folder is a base of its own."""
    for file in base.iterdir():
        if file.is_file() and file.suffix in (".json", ".jinja", ".model", ".txt"):
            if file.name not in ("config.json", "manifest.json", "model.safetensors.index.json"):
                shutil.copy(file, folder / file.name)
