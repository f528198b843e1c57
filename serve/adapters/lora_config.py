"""What an adapter_config.json may say: a plain LoRA and nothing that vLLM would ignore or compute otherwise.

The keys are those of peft 0.21's LoraConfig; a key that is not listed here is refused, because peft would
act on it and vLLM would not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks vLLM can be started with."""

_MOST_ALPHA = 1_024
"""Twice the highest rank: more would make numbers that overflow in bfloat16."""
_TARGET = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
_CHECKED = {"peft_type", "r", "lora_alpha", "target_modules"}
_ALLOWED: dict[str, tuple[object, ...]] = {
    "task_type": ("CAUSAL_LM", None),
    "bias": ("none",),
    "inference_mode": (True, False),
    "init_lora_weights": (True, False, "gaussian", "orthogonal"),  # others change the base's weights too
    "megatron_core": ("megatron.core", None),
}
_ANYTHING = {
    "base_model_name_or_path",
    "revision",
    "peft_version",
    "lora_dropout",
    "qalora_group_size",
}
"""Without an effect once the adapter is trained; the base is known by its digest, not by its name."""
_EMPTY = {
    "alora_invocation_tokens",
    "alpha_pattern",
    "arrow_config",
    "auto_mapping",
    "corda_config",
    "ensure_weight_tying",
    "eva_config",
    "exclude_modules",
    "fan_in_fan_out",
    "kasa_config",
    "layer_replication",
    "layers_pattern",
    "layers_to_transform",
    "loftq_config",
    "lora_bias",
    "lora_ga_config",
    "megatron_config",
    "modules_to_save",
    "monteclora_config",
    "rank_pattern",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "use_dora",
    "use_qalora",
    "use_rslora",
    "velora_config",
}
_NOTHING: tuple[object, ...] = (None, False, [], {})


def find_config_problems(config: Mapping[str, Any], most_rank: int) -> Iterator[str]:
    """A sentence for each setting that is not that of a plain LoRA of rank `most_rank` at most."""
    if config.get("peft_type") != "LORA":
        yield f"peft_type: expected LORA, found {_show(config.get('peft_type'))}; train it as a LoRA"
    yield from _find_rank_problems(config.get("r"), most_rank)
    yield from _find_alpha_problems(config.get("lora_alpha"))
    yield from _find_target_problems(config.get("target_modules"))
    for key in sorted(set(config) - _CHECKED - _ANYTHING):
        allowed = _ALLOWED.get(key, _NOTHING)
        if key in _EMPTY and not _is_among(config[key], allowed):
            yield f"{key}: expected none, found {_show(config[key])}; the engine serves plain LoRA only"
        elif key in _ALLOWED and not _is_among(config[key], allowed):
            expected = " or ".join(map(str, allowed))
            yield f"{key}: expected {expected}, found {_show(config[key])}; train it as a plain LoRA"
        elif key == "auto_map":
            yield "auto_map would run code; adapters are data only: train it without"
        elif key not in _EMPTY and key not in _ALLOWED:
            yield f"{key[:80]!a} is no setting of a plain LoRA; train it without"


def read_rank(config: Mapping[str, Any]) -> int:
    """The rank in the config; 0 where that is none."""
    rank = config.get("r")
    return rank if type(rank) is int and 0 < rank <= RANKS[-1] else 0


def read_targets(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The modules the config says it changes, by the ends of their paths; () where it does not say."""
    targets = config.get("target_modules")
    return tuple(sorted({str(target) for target in targets})) if targets and _are_names(targets) else ()


def _find_rank_problems(rank: object, most_rank: int) -> Iterator[str]:
    if type(rank) is not int or not 1 <= rank <= RANKS[-1]:
        yield f"r: expected a rank from 1 to {RANKS[-1]}, found {_show(rank)}; train it with such a rank"
    elif rank > most_rank:
        yield (
            f"r: expected {most_rank} at most, as the engine was started with, found {rank}; train it with "
            "a lower rank, or raise READING_ROOM_ADAPTER_RANK"
        )


def _find_alpha_problems(alpha: object) -> Iterator[str]:
    if type(alpha) not in (int, float) or not 0 < alpha <= _MOST_ALPHA:  # type: ignore[operator]
        expected = f"expected a number above 0, at most {_MOST_ALPHA}"
        yield f"lora_alpha: {expected}, found {_show(alpha)}; copy the adapter again"


def _find_target_problems(targets: object) -> Iterator[str]:
    if not _are_names(targets):
        yield (
            f"target_modules: expected a list of names such as q_proj, found {_show(targets)}; "
            "train it with a list"
        )


def _are_names(targets: object) -> bool:
    return (
        isinstance(targets, list)
        and bool(targets)
        and all(isinstance(target, str) and _TARGET.fullmatch(target) for target in targets)
    )


def _is_among(value: object, allowed: tuple[object, ...]) -> bool:
    """Equal in type too: 1 is not true."""
    return any(type(value) is type(item) and value == item for item in allowed)


def _show(value: object) -> str:
    """For a message: short, and nothing that a terminal or a log could not take."""
    try:
        shown = ascii(value)
    except (RecursionError, ValueError):
        return "something too large to show"
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
