"""Packed rows and answers alone give the loss and the gradients of plain padded training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from tests.train.lora.made import make_base
from train.lora.attention import NAME, register
from train.lora.lessons import Lesson
from train.lora.loss import add_up_loss, count_targets, measure_loss
from train.lora.packing import make_row, pack

LENGTHS = ((40, 7), (13, 21), (90, 2), (5, 5), (61, 11))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    chance = torch.Generator().manual_seed(3)

    def draw(many: int) -> tuple[int, ...]:
        return tuple(torch.randint(5, 6144, (many,), generator=chance).tolist())

    return [Lesson(f"p{n}", "answer", draw(a), draw(b)) for n, (a, b) in enumerate(LENGTHS)]


def load(base: Path, attention: str) -> torch.nn.Module:
    """The base with LoRA whose B is not nothing, so that A has gradients too; the same for each call."""
    register()
    model = AutoModelForCausalLM.from_pretrained(base, attn_implementation=attention)
    torch.manual_seed(1)
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    tuned = get_peft_model(model, LoraConfig(r=4, target_modules=targets, init_lora_weights=False))
    return tuned.train()


def gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def learn_padded(base: Path, lessons: list[Lesson]) -> tuple[float, dict[str, torch.Tensor]]:
    """What transformers itself does: padded on the right, masked, labels of -100 but for the answers."""
    model = load(base, "sdpa")
    width = max(map(len, lessons))
    ids = torch.zeros((len(lessons), width), dtype=torch.long)
    labels, mask = torch.full_like(ids, -100), torch.zeros_like(ids)
    for row, lesson in enumerate(lessons):
        ids[row, : len(lesson)] = torch.tensor([*lesson.prompt, *lesson.answer])
        labels[row, len(lesson.prompt) : len(lesson)] = torch.tensor(lesson.answer)
        mask[row, : len(lesson)] = 1
    loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    loss.backward()
    return float(loss.detach()), gradients(model)


def learn_packed(
    base: Path, lessons: list[Lesson], attention: str, row_tokens: int
) -> tuple[float, dict[str, torch.Tensor]]:
    model = load(base, attention)
    rows = pack(lessons, row_tokens)
    total = 0.0
    for row in rows:
        loss = add_up_loss(model, row) / count_targets(rows)
        loss.backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
    return total, gradients(model)


@pytest.mark.parametrize("attention", [NAME, "sdpa", "eager"])
@pytest.mark.parametrize("row_tokens", [1000, 120, 1])
def test_gradients_are_those_of_padded_training(
    base: Path, lessons: list[Lesson], attention: str, row_tokens: int
) -> None:
    loss, expected = learn_padded(base, lessons)
    packed, found = learn_packed(base, lessons, attention, row_tokens)
    assert packed == pytest.approx(loss, rel=1e-5)
    assert found.keys() == expected.keys() and len(found) == 28
    apart = {name: float((found[name] - one).norm() / one.norm()) for name, one in expected.items()}
    assert max(apart.values()) <= 1e-5, apart


def test_no_cache_and_no_mask_are_what_makes_packing_right(base: Path, lessons: list[Lesson]) -> None:
    """transformers reads positions that begin anew as lessons of their own only without a cache and a mask."""
    model = load(base, "sdpa").eval()
    row = make_row(lessons)
    with torch.no_grad():
        apart = torch.cat(
            [model(input_ids=torch.tensor([[*one.prompt, *one.answer]])).logits[0] for one in lessons]
        )
        told = {"input_ids": row.tokens, "position_ids": row.positions}
        right = model(**told, use_cache=False).logits[0]
        cached = model(**told, use_cache=True).logits[0]
        masked = model(**told, use_cache=False, attention_mask=torch.ones_like(row.tokens)).logits[0]
    assert float((right - apart).abs().max()) < 1e-4
    assert float((cached - apart).abs().max()) > 1e-2
    assert float((masked - apart).abs().max()) > 1e-2


def test_a_row_is_the_lessons_end_to_end_with_the_turn_end_to_be_learnt() -> None:
    row = make_row([Lesson("a", "answer", (10, 11, 12), (13, 4)), Lesson("b", "refusal", (20,), (21, 22, 4))])
    assert row.tokens.tolist() == [[10, 11, 12, 13, 4, 20, 21, 22, 4]]
    assert row.positions.tolist() == [[0, 1, 2, 3, 4, 0, 1, 2, 3]]
    assert row.wanted.tolist() == [2, 3, 5, 6, 7]
    assert row.targets.tolist() == [13, 4, 21, 22, 4]
    assert row.bounds == (0, 5, 9)


def test_rows_hold_every_lesson_once_and_no_more_than_they_may(lessons: list[Lesson]) -> None:
    rows = pack(lessons, 100)
    assert [row.bounds for row in rows] == [(0, 92), (0, 72, 82), (0, 47, 81)]
    assert count_targets(rows) == sum(answer for _, answer in LENGTHS)
    assert [row.bounds for row in pack(lessons[::-1], 100)] == [row.bounds for row in rows]


def test_the_loss_is_taken_without_dropout_and_without_chance(base: Path, lessons: list[Lesson]) -> None:
    model = load(base, NAME)
    before = torch.random.get_rng_state()
    loss = measure_loss(model, pack(lessons, 200), "cpu")
    assert torch.equal(torch.random.get_rng_state(), before) and model.training
    assert loss == pytest.approx(learn_packed(base, lessons, NAME, 1000)[0], rel=1e-5)
