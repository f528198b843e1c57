"""How well an adapter foretells answers that it was not trained on: one forward pass for each held-out pair.

    python -m train.curve.measuring FOLDER     # FOLDER/measure.json in, FOLDER/measured.json out

The right answer is given up to each token and the next one asked for. An answer of which every token is the
likeliest is what greedy decoding would write, word for word; so that is known without writing any. A process
of its own, like a run: it imports torch.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train.curve.measured import MEASURE, MEASURED, Marked, write_measured
from train.datasets.folder import open_dataset
from train.lora.base import open_reader, read_base
from train.lora.choosing import choose_recipe
from train.lora.errors import TrainingError
from train.lora.failing import explain
from train.lora.files import read_json
from train.lora.hardware import find_device
from train.lora.lessons import Lesson, LessonMaker, Unteachable
from train.lora.plan import Plan
from train.lora.preparing import open_passages
from train.lora.recipe import Recipe
from train.lora.settings import stay_offline
from train.lora.starting import digest_lessons
from train.pairs.pair import Pair

if TYPE_CHECKING:
    from train.lora.model import Tuned

REFUSED = 2


def measure(folder: Path) -> None:
    """Measure what FOLDER/measure.json says. Raises TrainingError."""
    told = read_json(folder / MEASURE)
    base = read_base(Path(told["base"]))
    device = find_device(base.context, base.hidden)
    dataset = open_dataset(Path(told["dataset"]))
    pairs = [member.pair for member in dataset.train()]
    recipe = choose_recipe(len(pairs), device, told["recipe"]).recipe
    plan = Plan(
        base=base.path,
        dataset=dataset.path,
        index=Path(told["index"]) if told["index"] else None,
        embedder=told["embedder"],
        instructions=told["instructions"],
    )
    reader = open_reader(base.path)
    maker = LessonMaker(reader, open_passages(plan, pairs, recipe), recipe, plan.instructions)
    wanted = set(told["held"])
    lessons = list(_make_lessons(maker, [pair for pair in pairs if pair.id in wanted]))
    model = _load(base.path, told["adapter"], recipe, device.kind)
    clusters: dict[str, str] = told["clusters"]
    marked = [_mark(model, lesson, clusters[lesson.id], device.kind) for lesson in lessons]
    write_measured(folder / MEASURED, digest_lessons(lessons), marked)


def main(words: Sequence[str] | None = None) -> int:
    """The command; a line on standard error and exit code 2 where it cannot be done."""
    (folder,) = map(Path, sys.argv[1:] if words is None else words)
    stay_offline()
    warnings.simplefilter("ignore")  # as in train.lora: what is wrong is an error here
    try:
        measure(folder)
    except Exception as error:
        known = error if isinstance(error, TrainingError) else explain(error)
        if known is None:
            raise
        sys.stderr.write(f"{' '.join(str(known).split())}\n")
        return REFUSED
    return 0


def _make_lessons(maker: LessonMaker, pairs: Sequence[Pair]) -> Iterator[Lesson]:
    for pair in pairs:
        try:
            yield maker.make(pair)
        except Unteachable:
            continue  # for every run the same


def _load(base: Path, adapter: str, recipe: Recipe, device: str) -> Tuned:
    from train.lora.base import read_base
    from train.lora.model import load_base

    model = load_base(read_base(base), recipe, device)
    if not adapter:
        return model
    from peft import PeftModel

    return PeftModel.from_pretrained(model, adapter, is_trainable=False)


def _mark(model: Tuned, lesson: Lesson, cluster: str, device: str) -> Marked:
    import torch
    from torch.nn import functional as F

    from train.lora.packing import make_row

    row = make_row([lesson]).to(device)
    model.eval()
    with torch.inference_mode():
        told: dict[str, Any] = {"input_ids": row.tokens, "logits_to_keep": row.wanted, "use_cache": False}
        logits: torch.Tensor = model(**told).logits[0].float()
        loss = float(F.cross_entropy(logits, row.targets, reduction="sum"))
        right = int((logits.argmax(-1) == row.targets).sum())
    return Marked(lesson.id, cluster, len(lesson.answer), right, loss)


if __name__ == "__main__":
    sys.exit(main())
