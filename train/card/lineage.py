"""Lineage: all that an adapter's manifest keeps of the run it comes from, and reading it back.

`make_lineage` is the one place where it is put together; the card, and making a version again, read it from
the manifest by `read_lineage`. A version that was trained elsewhere has little of it or nothing: whatever
is missing, or is not what it ought to be, counts as not known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from train.card.base_facts import describe_base
from train.datasets.manifest import Manifest
from train.lora.plan import Plan

FORMAT = 1
_TAKEN = (
    "recipe",
    "automatic",
    "seeds",
    "versions",
    "hardware",
    "lessons",
    "steps",
    "tokens",
    "seconds",
    "peak_bytes",
    "energy",
    "passages",
    "prompt_version",
    "stopped",
    "privacy",
)
"""What is taken from a run's result as it stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What is known of where a version comes from; "" , 0 or empty where it is not known.

    `base`: name, licence and digests. `dataset`: the version's full name. `withdrawn` counts pairs of the
    dataset that were left out because they had been withdrawn. `passages` says where the run's other
    passages came from, with the index's version. `fit`: losses in nats for each answer token, and a sentence
    on them. `privacy`: epsilon and delta that were kept to. `seconds`: wall, cpu, gpu. `energy`: kwh, whether
    `measured` (else estimated) and how. The rest as in the run's result.

    Of the library's instructions only the digest is kept: the text is in the run's plan, where it can be
    erased.
    """

    run: str = ""
    created: str = ""
    base: Mapping[str, str] = field(default_factory=dict)
    dataset: str = ""
    dataset_sha256: str = ""
    embedder: str = ""
    instructions_sha256: str = ""
    withdrawn: int = 0
    recipe: Mapping[str, Any] = field(default_factory=dict)
    automatic: tuple[str, ...] = ()
    seeds: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    hardware: Mapping[str, Any] = field(default_factory=dict)
    lessons: Mapping[str, Any] = field(default_factory=dict)
    fit: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[str, Any] = field(default_factory=dict)
    tokens: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, Any] = field(default_factory=dict)
    peak_bytes: Mapping[str, Any] = field(default_factory=dict)
    energy: Mapping[str, Any] = field(default_factory=dict)
    passages: str = ""
    prompt_version: str = ""
    stopped: str = ""
    privacy: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether this program trained it: then dataset and recipe are known."""
        return bool(self.run and self.dataset_sha256 and self.recipe)


def make_lineage(*, run: str, plan: Plan, result: Mapping[str, Any], dataset: Manifest) -> dict[str, Any]:
    """What an adapter's manifest keeps of its run: plain values, to be read back by `read_lineage`.

    `result` is the run's result.json. No folder of this machine is in it.
    """
    base = {key: value for key, value in _mapping(result.get("base")).items() if key.endswith("sha256")}
    return {
        "format": FORMAT,
        "run": run,
        "base": {**describe_base(plan.base), **base},
        "dataset": str(dataset.version),
        "dataset_sha256": dataset.sha256,
        "embedder": plan.embedder.rstrip("/").rpartition("/")[2],
        "instructions_sha256": digest_text(plan.instructions),
        "withdrawn": len(plan.withdrawn),
        "fit": _describe_fit(_mapping(result.get("loss"))),
        **{key: result[key] for key in _TAKEN if key in result},
    }


def read_lineage(told: Mapping[str, Any]) -> Lineage:
    """The lineage in an adapter's manifest, as far as it has one. Nothing is raised for what is none."""
    return Lineage(
        run=_text(told.get("run")),
        created=_text(told.get("created")),
        base=_texts(told.get("base")),
        dataset=_text(told.get("dataset")),
        dataset_sha256=_text(told.get("dataset_sha256")),
        embedder=_text(told.get("embedder")),
        instructions_sha256=_text(told.get("instructions_sha256")),
        withdrawn=_count(told.get("withdrawn")),
        recipe=_mapping(told.get("recipe")),
        automatic=tuple(one for one in _list(told.get("automatic")) if isinstance(one, str)),
        seeds=_mapping(told.get("seeds")),
        versions=_mapping(told.get("versions")),
        hardware=_mapping(told.get("hardware")),
        lessons=_mapping(told.get("lessons")),
        fit=_mapping(told.get("fit")),
        steps=_mapping(told.get("steps")),
        tokens=_mapping(told.get("tokens")),
        seconds=_mapping(told.get("seconds")),
        peak_bytes=_mapping(told.get("peak_bytes")),
        energy=_mapping(told.get("energy")),
        passages=_text(told.get("passages")),
        prompt_version=_text(told.get("prompt_version")),
        stopped=_text(told.get("stopped")),
        privacy=_mapping(told.get("privacy")),
    )


def _describe_fit(loss: Mapping[str, Any]) -> dict[str, Any]:
    """What the run says of its learning curves, and their ends and lowest; the curves stay with the run."""
    told: dict[str, Any] = {}
    for part in ("train", "valid"):
        if values := [float(point[1]) for point in loss.get(part) or ()]:
            told |= {f"{part}_first": values[0], f"{part}_lowest": min(values), f"{part}_last": values[-1]}
    return {**{key: loss[key] for key in ("verdict", "sentence") if key in loss}, **told}


def digest_text(text: str) -> str:
    """SHA-256 (hex) of a text, "" of none."""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def _mapping(value: object) -> dict[str, Any]:
    return {str(key): one for key, one in value.items()} if isinstance(value, Mapping) else {}


def _texts(value: object) -> dict[str, str]:
    return {key: one for key, one in _mapping(value).items() if isinstance(one, str)}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
