"""A trained reader as a model folder, as transformers and vLLM load it.

python -m demo.training.export --state DIR --out DIR
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from demo.training.model import ReaderModel, Shape
from demo.training.tokens import CONTEXT, END, PAD


def load_state(folder: Path) -> ReaderModel:
    """The model of a checkpoint."""
    state = torch.load(folder / "state.pt", weights_only=True, map_location="cpu")
    model = ReaderModel(Shape(**state["shape"]))
    model.load_state_dict(state["model"])
    return model


def load_reader(folder: Path) -> ReaderModel:
    """The reader from its model folder, as float32."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = ReaderModel(Shape(**{name: config[name] for name in Shape.__dataclass_fields__}))
    weights = load_file(folder / "model.safetensors")
    model.load_state_dict({name.removeprefix("model."): value.float() for name, value in weights.items()})
    return model


def save_model(model: ReaderModel, folder: Path) -> None:
    """Write model.safetensors (bfloat16) and the two configurations as transformers reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    state = model.state_dict().items()
    weights = {f"model.{name}": value.to(torch.bfloat16).contiguous() for name, value in state}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    shape = asdict(model.shape)
    theta = shape.pop("rope_theta")
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        **shape,
        "num_key_value_heads": model.shape.num_attention_heads,
        "max_position_embeddings": CONTEXT,
        "rope_theta": theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": theta},
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "bos_token_id": None,
        "eos_token_id": END,
        "pad_token_id": PAD,
        "dtype": "bfloat16",
    }
    generation = {"eos_token_id": END, "pad_token_id": PAD, "do_sample": False, "max_new_tokens": 256}
    for name, value in (("config.json", config), ("generation_config.json", generation)):
        (folder / name).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    save_model(load_state(args.state), args.out)


if __name__ == "__main__":
    main()
