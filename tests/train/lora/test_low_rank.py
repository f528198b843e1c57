"""LoRA as one step gives what peft's gives: outputs, gradients, names; and dropout what dropout promises."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from train.lora.low_rank import LowRankLinear, draw_kept

SCALE = 32 / 4


class Body(nn.Module):
    """Two layers, one with a bias, that read the same values."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(48, 80)
        self.up = nn.Linear(48, 80, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = torch.tanh(self.gate(x)) * self.up(x)
        return out


def make(lean: bool, kind: torch.dtype = torch.float32, dropout: float = 0.0) -> PeftModel:
    torch.manual_seed(5)
    config = LoraConfig(
        r=4, lora_alpha=32, lora_dropout=dropout, target_modules=["gate", "up"], init_lora_weights=False
    )
    if lean:
        config._register_custom_module({nn.Linear: LowRankLinear})
    return get_peft_model(Body().to(kind), config)


def learn(model: PeftModel, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """The output, and the gradients of what is trained and of what came in."""
    x = x.clone().requires_grad_()
    out = model(x)
    weights = torch.linspace(-1, 1, out.numel(), dtype=torch.float32).view_as(out)
    (out.float() * weights).sum().backward()
    trained = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert x.grad is not None
    return {"out": out.detach(), "x": x.grad, **trained}


@pytest.mark.parametrize(("kind", "off"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
def test_outputs_and_gradients_are_those_of_peft(kind: torch.dtype, off: float) -> None:
    x = torch.randn((2, 7, 48), generator=torch.Generator().manual_seed(1)).to(kind)
    ours, theirs = learn(make(True, kind), x), learn(make(False, kind), x)
    assert ours.keys() == theirs.keys() and len(ours) == 2 + 4
    for name, value in theirs.items():
        assert ours[name].dtype == value.dtype, name
        far = (ours[name].float() - value.float()).norm() / value.float().norm()
        assert float(far) < off, name


def test_what_is_trained_is_named_and_kept_as_by_peft() -> None:
    ours, theirs = make(True, torch.bfloat16).state_dict(), make(False, torch.bfloat16).state_dict()
    assert {name: (value.shape, value.dtype) for name, value in ours.items()} == {
        name: (value.shape, value.dtype) for name, value in theirs.items()
    }


def test_dropout_leaves_out_its_share_and_is_off_when_not_training() -> None:
    kept = draw_kept(torch.empty(300, 1001), 13)
    assert float(kept.float().mean()) == pytest.approx(1 - 13 / 256, abs=0.002)
    model, x = make(True, dropout=0.25), torch.randn((4, 48))
    assert torch.equal(model.eval()(x), make(True).eval()(x))
    torch.manual_seed(9)
    one = learn(model.train(), x)
    torch.manual_seed(9)
    assert torch.equal(one["out"], learn(model, x)["out"])
    assert not torch.equal(one["out"], learn(model, x)["out"])


def test_what_dropout_leaves_out_has_no_part_in_the_gradients() -> None:
    torch.manual_seed(3)
    layer: Any = next(
        one
        for one in make(True, dropout=0.5).modules()
        if isinstance(one, LowRankLinear) and one.base_layer.bias is None
    )
    x = torch.ones((1, 48), requires_grad=True)
    torch.manual_seed(11)
    kept = draw_kept(x, 128).float()
    torch.manual_seed(11)
    layer(x).sum().backward()
    a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    scale = SCALE / 0.5
    assert torch.allclose(
        x.grad - layer.base_layer.weight.sum(0), scale * kept[0] * (b.sum(0) @ a), atol=1e-4
    )
    assert torch.allclose(a.grad, scale * torch.outer(b.sum(0), kept[0]), atol=1e-4)
    assert torch.allclose(b.grad, (scale * (a @ kept[0])).expand(80, 4), atol=1e-4)


def test_layers_switched_off_answer_as_the_base_does() -> None:
    model, x = make(True), torch.randn((3, 48))
    torch.manual_seed(5)
    base = Body()
    assert not torch.equal(model(x), base(x))
    with model.disable_adapter():
        assert torch.equal(model(x), base(x))
