"""A private step is the mean of gradients cut one by one, with the noise that was planned."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.train.lora.made import make_base
from train.lora.lessons import Lesson
from train.lora.loss import add_up_loss
from train.lora.packing import make_row
from train.lora.private import PoissonBatches, Privacy, plan_privacy

SECRET = "ab" * 32
LESSONS = [
    Lesson("a", "answer", (11, 12, 13), (14, 15, 4)),
    Lesson("b", "answer", (21, 22), (23, 4)),
    Lesson("c", "refusal", (31, 32, 33, 34), (35, 4)),
]


def load(base: Path) -> torch.nn.Module:
    model = AutoModelForCausalLM.from_pretrained(base)
    for name, value in model.named_parameters():
        value.requires_grad_("q_proj" in name or "up_proj" in name)
    return model


def test_each_lesson_is_cut_and_noise_is_added(tmp_path: Path) -> None:
    base = make_base(tmp_path / "base")
    privacy = Privacy(noise=0.0, clip=1e-3, batch=2, rate=0.5, delta=1e-3, secret=SECRET)
    model = load(base)
    loss = privacy.learn(model, LESSONS, 3)
    found = [value.grad.clone() for value in model.parameters() if value.grad is not None]
    expected = [torch.zeros_like(one) for one in found]
    total = 0.0
    for lesson in LESSONS:
        model.zero_grad()
        one = add_up_loss(model, make_row([lesson])) / len(lesson.answer)
        one.backward()  # type: ignore[no-untyped-call]
        total += float(one.detach())
        grads = [value.grad for value in model.parameters() if value.grad is not None]
        norm = sum(float(grad.pow(2).sum()) for grad in grads) ** 0.5
        assert norm > 1e-3
        for whole, grad in zip(expected, grads, strict=True):
            whole += grad / norm * 1e-3
    assert float(loss) == pytest.approx(total / 3, rel=1e-5)
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other / 2, rtol=1e-3, atol=1e-9)
    noisy = Privacy(noise=2.0, clip=1e-3, batch=2, rate=0.5, delta=1e-3, secret=SECRET)
    drawn = []
    for step in (3, 3, 4):
        model.zero_grad()
        noisy.learn(model, LESSONS, step)
        drawn.append(torch.cat([v.grad.flatten() for v in model.parameters() if v.grad is not None]))
    noise = drawn[0] - torch.cat([one.flatten() for one in found])
    assert float(noise.std()) == pytest.approx(2.0 * 1e-3 / 2, rel=0.05)
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


def test_batches_are_drawn_by_chance_that_only_the_secret_tells(tmp_path: Path) -> None:
    privacy = plan_privacy(2.0, 1.0, 400, 8, 150, tmp_path)
    assert 0.5 < privacy.noise < 5 and privacy.spend(150) <= 2.0 < privacy.spend(400)
    assert plan_privacy(2.0, 1.0, 400, 8, 150, tmp_path) == privacy
    assert plan_privacy(8.0, 1.0, 400, 8, 150, tmp_path).noise < privacy.noise
    batches = PoissonBatches(400, privacy)
    first = list(batches)
    assert len(first) == len(batches) == 50 and list(batches) == first
    assert 4 < sum(map(len, first)) / 50 < 12 and len(set(map(len, first))) > 4
    batches.set_epoch(1)
    assert list(batches) != first
    assert oct((tmp_path / "chance.hex").stat().st_mode)[-3:] == "600"
