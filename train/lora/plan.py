"""What a run is asked to do: a base, a dataset version, an index, and as much of a recipe as is laid down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from train.lora.errors import TrainingRefused
from train.lora.files import PLAN, read_json, write_json
from train.lora.recipe import check_asked

_TEXTS = ("base", "dataset", "index", "embedder", "instructions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`base` is the folder of the base model, `dataset` that of a dataset version.

    `index` is the root of the index in which distractors are searched, "" to take them from the dataset's
    own passages; `embedder` the embedding model's folder or name, "" for the default. `instructions` are
    the library's standing instructions, which serving puts into each prompt. `withdrawn` are ids of pairs
    that were withdrawn since the version was made. `recipe` is what is asked for; the rest is chosen.
    """

    base: Path
    dataset: Path
    index: Path | None = None
    embedder: str = ""
    instructions: str = ""
    withdrawn: tuple[str, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)


def write_plan(folder: Path, plan: Plan) -> None:
    """Write the plan into a run's folder, which is made where it is missing. Raises TrainingRefused."""
    check_asked(plan.recipe)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / PLAN, describe_plan(plan))


def read_plan(folder: Path) -> Plan:
    """The plan in a run's folder. Raises TrainingRefused with what is wrong with it."""
    try:
        told = read_json(folder / PLAN)
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise TrainingRefused(
            f"Expected {PLAN} in {folder}, found none to read ({reason}). Write one, and start the run again."
        ) from error
    strange = set(told) - {*_TEXTS, "withdrawn", "recipe"}
    wrong = [key for key in _TEXTS if not isinstance(told.get(key, ""), str)]
    if strange or wrong or not isinstance(told.get("recipe", {}), dict):
        named = ", ".join(sorted(ascii(key)[1:-1][:40] for key in {*strange, *wrong})) or "recipe"
        raise TrainingRefused(f"{PLAN}: {named} cannot be read. Write the plan anew.")
    for key in ("base", "dataset"):
        if not told.get(key):
            raise TrainingRefused(f"{PLAN}: expected the folder of the {key}, found none. Name it.")
    check_asked(told.get("recipe", {}))
    return Plan(
        base=Path(told["base"]),
        dataset=Path(told["dataset"]),
        index=Path(told["index"]) if told.get("index") else None,
        embedder=told.get("embedder", ""),
        instructions=told.get("instructions", ""),
        withdrawn=tuple(map(str, told.get("withdrawn", ()))),
        recipe=told.get("recipe", {}),
    )


def describe_plan(plan: Plan) -> dict[str, Any]:
    """The plan as its file has it."""
    told = asdict(plan)
    return {
        **told,
        "base": str(plan.base),
        "dataset": str(plan.dataset),
        "index": str(plan.index or ""),
        "withdrawn": list(plan.withdrawn),
        "recipe": dict(plan.recipe),
    }


def digest_plan(plan: Plan) -> str:
    """SHA-256 of what the plan asks for; folders count by what lies in them, not by where they are."""
    told = {
        key: value
        for key, value in describe_plan(plan).items()
        if key not in ("base", "dataset", "index", "embedder")
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
