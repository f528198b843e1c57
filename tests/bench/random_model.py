"""A model of a current architecture with random weights (132 M parameters), and adapters with random weights.

Nothing is downloaded: speed does not depend on what the weights say. The tokenizer and the chat template are
the bundled reader's.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from serve.settings import BUNDLED_READER

CONFIG: dict[str, Any] = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 10,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000.0,
    "max_position_embeddings": 4096,
    "attention_bias": False,
    "tie_word_embeddings": True,
    "dtype": "bfloat16",
}
"""Shaped like Qwen3-0.6B with fewer layers and the bundled reader's vocabulary."""
_EMBEDDING = 1.0
_LAYERS = 0.35
"""How far a layer's output outweighs its input. Chosen so that the next token stands out clearly from the
second best: in a model whose tokens are nearly tied, any change in rounding changes the answer."""


def make_random_model(folder: Path, seed: int = 0) -> Path:
    """Write the model into `folder`, which is made, and give the folder back."""
    folder.mkdir(parents=True)
    reader = json.loads((BUNDLED_READER / "config.json").read_text())
    tokens = {key: reader[key] for key in ("vocab_size", "bos_token_id", "eos_token_id", "pad_token_id")}
    (folder / "config.json").write_text(json.dumps(CONFIG | tokens))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(BUNDLED_READER / name, folder / name)
    generator = torch.Generator().manual_seed(seed)
    weights = {
        "model.embed_tokens.weight": torch.randn((tokens["vocab_size"], CONFIG["hidden_size"]), generator=generator) * _EMBEDDING,
        "model.norm.weight": torch.ones(CONFIG["hidden_size"]),
    }  # fmt: skip
    for layer in range(CONFIG["num_hidden_layers"]):
        stem = f"model.layers.{layer}"
        for module, (entering, leaving) in module_shapes(CONFIG).items():
            gain = _LAYERS if module.endswith(("o_proj", "down_proj")) else 1.0
            values = torch.randn((leaving, entering), generator=generator) * (gain * entering**-0.5)
            weights[f"{stem}.{module}.weight"] = values
        for norm in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{stem}.{norm}.weight"] = torch.ones(CONFIG["hidden_size"])
        for norm in ("q_norm", "k_norm"):
            weights[f"{stem}.self_attn.{norm}.weight"] = torch.ones(CONFIG["head_dim"])
    save_file(
        {name: values.to(torch.bfloat16) for name, values in weights.items()}, folder / "model.safetensors"
    )
    return folder


def make_random_adapter(
    folder: Path,
    model: Path,
    name: str,
    *,
    rank: int,
    targets: Sequence[str],
    seed: int,
    strength: float = 0.3,
) -> Path:
    """Write a peft adapter for `model` that changes each of `targets` (such as "q_proj") visibly."""
    config = json.loads((model / "config.json").read_text())
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for layer in range(config["num_hidden_layers"]):
        for module, (entering, leaving) in module_shapes(config).items():
            if module.rpartition(".")[2] in targets:
                stem = f"base_model.model.model.layers.{layer}.{module}"
                down = torch.randn((rank, entering), generator=generator) * entering**-0.5
                up = torch.randn((leaving, rank), generator=generator) * (strength * rank**-0.5)
                weights[f"{stem}.lora_A.weight"], weights[f"{stem}.lora_B.weight"] = down, up
    made = folder / name
    made.mkdir(parents=True)
    save_file(weights, made / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 2 * rank,
                "target_modules": list(targets), "bias": "none", "base_model_name_or_path": "any"}  # fmt: skip
    (made / "adapter_config.json").write_text(json.dumps(settings))
    return made


def module_shapes(config: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """(in, out) of each linear module of one layer."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    size = config.get("head_dim") or width // config["num_attention_heads"]
    heads, kept = config["num_attention_heads"] * size, config["num_key_value_heads"] * size
    return {
        "self_attn.q_proj": (width, heads),
        "self_attn.k_proj": (width, kept),
        "self_attn.v_proj": (width, kept),
        "self_attn.o_proj": (heads, width),
        "mlp.gate_proj": (width, inner),
        "mlp.up_proj": (width, inner),
        "mlp.down_proj": (inner, width),
    }
