"""What a run is asked to do, as `plan.json` in its folder says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from train.embedding.recipe import check_asked
from train.lora.errors import TrainingRefused
from train.lora.files import PLAN, read_json, write_json

_PATHS = ("dataset", "cases", "exam", "guard", "index")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`index` is the root of the index to tune for; its records give the passages and the negatives.

    `dataset` is the folder of a dataset version, `cases` a file of examples (`train.embedding.example`) such
    as wrong sources; one of them there must be. `exam` is a file of examples to examine with besides the
    version's own exam, `guard` a file of questions as `reading-room evaluate retrieval` reads them, on which
    nothing may get worse; without one, records of the index are asked for by their titles. `model` is the
    embedding model to begin with, "" for the default. `withdrawn` are ids of pairs withdrawn since. `force`
    goes on with fewer lessons than are worth it.
    """

    index: Path
    dataset: Path | None = None
    cases: Path | None = None
    exam: Path | None = None
    guard: Path | None = None
    model: str = ""
    withdrawn: tuple[str, ...] = ()
    force: bool = False
    recipe: Mapping[str, Any] = field(default_factory=dict)


def write_plan(folder: Path, plan: Plan) -> None:
    """Write the plan into a run's folder, which is made where it is missing. Raises TrainingRefused."""
    check_asked(plan.recipe)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / PLAN, describe_plan(plan))


def describe_plan(plan: Plan) -> dict[str, Any]:
    """The plan as its file has it."""
    paths = {name: str(path) if (path := getattr(plan, name)) else "" for name in _PATHS}
    return {
        **paths,
        "model": plan.model,
        "withdrawn": list(plan.withdrawn),
        "force": plan.force,
        "recipe": dict(plan.recipe),
    }


def read_plan(folder: Path) -> Plan:
    """The plan in a run's folder. Raises TrainingRefused with what is wrong with it."""
    try:
        told = read_json(folder / PLAN)
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise TrainingRefused(
            f"{PLAN}: expected a plan, found none to read ({reason}). Write one."
        ) from error
    kinds: dict[str, type] = {**dict.fromkeys((*_PATHS, "model"), str), "withdrawn": list, "force": bool}
    kinds["recipe"] = dict
    wrong = [key for key, value in told.items() if key not in kinds or not isinstance(value, kinds[key])]
    if wrong:
        named = ", ".join(sorted(ascii(key)[1:-1][:40] for key in wrong))
        raise TrainingRefused(f"{PLAN}: {named} cannot be read. Write the plan anew.")
    paths = {name: Path(told[name]) if told.get(name) else None for name in _PATHS}
    index = paths.pop("index")
    if index is None:
        raise TrainingRefused(f"{PLAN}: expected the folder of the index, found none. Name it.")
    if not paths["dataset"] and not paths["cases"]:
        raise TrainingRefused(f"{PLAN}: expected a dataset version or cases, found neither. Name one.")
    check_asked(told.get("recipe", {}))
    return Plan(
        index=index,
        **paths,
        model=told.get("model", ""),
        withdrawn=tuple(map(str, told.get("withdrawn", ()))),
        force=told.get("force", False),
        recipe=told.get("recipe", {}),
    )
