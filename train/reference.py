"""What an adapter ought to answer: log-probabilities of peft's own forward pass on a few fixed prompts.

    python -m train.reference BASE_FOLDER ADAPTER_FOLDER

prints one JSON object (`Reference`), which is kept beside the adapter's record; the gateway holds an
engine's answers against it before it offers the version. Computed on CPU in float32, so that only the
engine's own rounding is left to tolerate; in bfloat16 where float32 would not fit into memory.

The heavy imports are made when a reference is computed: the gateway takes only `PROMPTS` from here.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

FORMAT = 1
TOP = 5
"""The likeliest next tokens that are written down for each prompt."""

PROMPTS = (
    "Passages:\n\n[1] Ellen Marsh to Thomas Marsh, 16 April 1905 (Box 4, Folder 2)\n"
    "The orchard is in bloom and father is better.\n\nQuestion: Who wrote to Thomas Marsh in 1905?",
    "Passages:\n\n[1] Account books, 1881-1902 (Box 11)\nTwo volumes, kept by the treasurer.\n\n"
    "Question: Are there photographs of the creamery?",
    "Question: Which box holds the letters of 1905?",
    "Do you have maps of the harbor?",
    "The letters are in",
)
"""Short, as each is read twice on every engine; shaped like the service's own prompts and unlike them."""

ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
_ROOM = 0.8
"""The share of the free memory that the weights may take."""

Ranked = list[tuple[int, float]]
"""Token ids with their log-probabilities (natural), the likeliest first."""


class Probe(TypedDict):
    """One prompt as token ids, and the likeliest next tokens for the base and with the adapter."""

    tokens: list[int]
    base: Ranked
    adapter: Ranked


class Reference(TypedDict):
    """What is printed. `precision` is the arithmetic it was computed in."""

    format: int
    precision: str
    probes: list[Probe]


class NoReference(Exception):
    """The reference cannot be computed; the message says what was expected, what found, what to do."""


def compute_reference(base: Path, adapter: Path) -> Reference:
    """Run base and adapter over `PROMPTS`. Raises NoReference."""
    _check_folder(base, "config.json", "the base model")
    _check_folder(adapter, ADAPTER_CONFIG, "an adapter")
    _check_folder(adapter, ADAPTER_WEIGHTS, "an adapter (safetensors only)")
    precision = _choose_precision(base)
    prompts = _tokenise(base)
    model = _load(base, adapter, precision)
    probes: list[Probe] = []
    for tokens in prompts:
        with model.disable_adapter():
            without = _rank_next(model, tokens)
        probes.append({"tokens": tokens, "base": without, "adapter": _rank_next(model, tokens)})
    return {"format": FORMAT, "precision": precision, "probes": probes}


def main(words: Sequence[str] | None = None) -> int:
    """The command with `words` (None: the process's own); without a reference one line and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m train.reference", description=__doc__)
    parser.add_argument("base", type=Path, metavar="BASE_FOLDER")
    parser.add_argument("adapter", type=Path, metavar="ADAPTER_FOLDER")
    arguments = parser.parse_args(words)
    warnings.simplefilter("ignore")  # what is wrong is an error here, and the rest is about other uses
    try:
        reference = compute_reference(arguments.base, arguments.adapter)
    except NoReference as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    sys.stdout.write(json.dumps(reference) + "\n")
    return 0


def _check_folder(folder: Path, needed: str, what: str) -> None:
    if not (folder / needed).is_file():
        raise NoReference(f"Expected {what} in {folder}, found no {needed} there. Name the right folder.")


def _choose_precision(base: Path) -> str:
    """Float32 where the weights fit into the free memory so, else bfloat16. Raises NoReference."""
    stored = sum(path.stat().st_size for path in base.glob("*.safetensors"))
    if not stored:
        raise NoReference(f"Expected the base model's weights as .safetensors in {base}, found none.")
    config = _read_json(base / "config.json")
    width = 4 if "float32" in (config.get("dtype"), config.get("torch_dtype")) else 2
    free = _free_bytes() * _ROOM
    if stored * 4 // width <= free:
        return "float32"
    if stored * 2 // width <= free:
        return "bfloat16"
    raise NoReference(
        f"Expected {stored * 2 // width:,} bytes of free memory for the base model, found {int(free):,}. "
        "Compute the reference on a machine with more."
    )


def _free_bytes() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise NoReference("Expected MemAvailable in /proc/meminfo, found none. Compute it on Linux.")


def _tokenise(base: Path) -> list[list[int]]:
    """`PROMPTS` as a chat of one turn each, the last as plain text; token ids by the base's tokenizer."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True, trust_remote_code=False)
        turns = PROMPTS[:-1] if tokenizer.chat_template else ()
        texts = [
            tokenizer.apply_chat_template(
                [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
            )
            for prompt in turns
        ]
        texts += PROMPTS[len(turns) :]
        return [[int(token) for token in tokenizer.encode(text, add_special_tokens=False)] for text in texts]
    except Exception as error:
        # transformers raises what its parts raise: OSError, ValueError, KeyError, jinja2's and Rust's own
        raise NoReference(f"The tokenizer in {base} cannot be used: {_one_line(error)}") from error


def _load(base: Path, adapter: Path, precision: str) -> PeftModel:
    """The peft model, ready to run. Raises NoReference, also where some weights find no place."""
    import torch
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import SafetensorError, safe_open
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with safe_open(adapter / ADAPTER_WEIGHTS, framework="pt") as stored:
            names = set(stored.keys())
    except (SafetensorError, OSError) as error:
        raise NoReference(f"{adapter / ADAPTER_WEIGHTS} cannot be read: {_one_line(error)}") from error
    try:
        model = AutoModelForCausalLM.from_pretrained(
            base,
            dtype=getattr(torch, precision),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
        )
        tuned = PeftModel.from_pretrained(model, str(adapter), is_trainable=False)
    except Exception as error:
        # RuntimeError for shapes, and whatever transformers and peft raise for the rest
        told = f"{adapter.name} does not go with {base.name}: {_one_line(error)}"
        raise NoReference(f"{told}. Train the adapter on this base.") from error
    if strays := names.symmetric_difference(
        get_peft_model_state_dict(tuned, save_embedding_layers=False)  # "auto" asks the Hub about the base
    ):
        raise NoReference(
            f"{adapter.name} does not go with {base.name}: {len(strays)} tensors have no counterpart, "
            f"such as {min(strays)}. Train the adapter on this base."
        )
    return tuned.eval()


def _rank_next(model: PeftModel, tokens: list[int]) -> Ranked:
    import torch

    with torch.inference_mode():
        logits: torch.Tensor = model(input_ids=torch.tensor([tokens])).logits[0, -1]
    best = logits.float().log_softmax(-1).topk(TOP)
    return [
        (int(token), round(float(value), 5)) for value, token in zip(best.values, best.indices, strict=True)
    ]


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise NoReference(f"{path} is not valid JSON: {_one_line(error)}") from error
    if not isinstance(found, dict):
        raise NoReference(f"{path} is not a JSON object.")
    return found


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
