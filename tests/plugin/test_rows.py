"""LoRA rows by value: ours against plain float64 products, and vLLM's own judged right or wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

from reading_room_engine.installation import OPERATORS, install_operators
from reading_room_engine.rows import FEW_ROWS, GroupedRows, group_rows, stock_is_right, watch_slots
from tests.plugin.layers import (
    RANK,
    SLOTS,
    make_adapter,
    make_layers,
    make_wrapper,
    map_rows,
    one_process,
    reference,
    set_adapter,
)

MIXED = [-1, 2, 0, 2, -1, 1, 0, 0, 2, -1]
LAYERS = ["qkv_proj", "gate_up_proj", "down_proj"]


class TorchRows(GroupedRows):
    """Ours where there is no compiler."""

    kernel = property(lambda _: None, lambda *_: None)


@pytest.fixture(scope="module", autouse=True)
def parallel_state() -> Iterator[None]:
    watch_slots()
    with one_process():
        yield


@pytest.fixture(params=["kernel", "torch"])
def wrapper(request: pytest.FixtureRequest) -> Any:
    made = make_wrapper(GroupedRows if request.param == "kernel" else TorchRows)
    if request.param == "kernel" and made.kernel is None and torch.get_num_threads() <= 4:
        pytest.fail("no compiled kernel on a machine of few threads: is there a C compiler?")
    return made


def run(layer: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        result = layer(x)
    rows: torch.Tensor = result[0] if isinstance(result, tuple) else result
    return rows


def assert_close(got: torch.Tensor, wanted: torch.Tensor) -> None:
    """Within two units in the last place of bfloat16, of the largest value: sums and one more rounding."""
    largest = wanted.abs().amax(dim=1, keepdim=True)
    assert ((got.double() - wanted).abs() <= 2 * torch.finfo(torch.bfloat16).eps * largest).all()


def random_rows(layer: Any, count: int) -> torch.Tensor:
    width = layer.lora_a_stacked[0].shape[-1]
    return torch.randn((count, width), generator=torch.Generator().manual_seed(3)).to(torch.bfloat16)


@pytest.mark.parametrize("name", LAYERS)
def test_mixed_batch_gives_each_row_its_own_adapter_at_its_true_rank(wrapper: Any, name: str) -> None:
    layer = make_layers(wrapper)[name]
    adapters = [make_adapter(layer, rank, seed) for seed, rank in enumerate((3, 8, RANK))]
    for slot, adapter in enumerate(adapters):
        set_adapter(layer, slot, adapter)
    x = random_rows(layer, len(MIXED))

    map_rows(wrapper, MIXED)
    got = run(layer, x)

    assert_close(got, reference(layer, x, [adapters[slot] if slot >= 0 else None for slot in MIXED]))
    parts = wrapper.layers[layer.lora_a_stacked[0].data_ptr()].parts
    assert [{part.down.shape[0] for part in slot} for slot in parts] == [{3}, {8}, {RANK}]


@pytest.mark.parametrize("name", LAYERS)
def test_base_rows_are_bit_for_bit_those_without_adapters(wrapper: Any, name: str) -> None:
    layer = make_layers(wrapper)[name]
    x = random_rows(layer, len(MIXED))
    map_rows(wrapper, [-1] * len(MIXED))
    plain = run(layer, x)
    for slot in range(SLOTS):
        set_adapter(layer, slot, make_adapter(layer, 8, slot))
    map_rows(wrapper, MIXED)

    mixed = run(layer, x)

    base = [row for row, slot in enumerate(MIXED) if slot < 0]
    assert torch.equal(mixed[base], plain[base])
    others = [row for row, slot in enumerate(MIXED) if slot >= 0]
    assert not torch.isclose(mixed[others], plain[others]).all(dim=1).any()


@pytest.mark.parametrize("left", [(0,), (1,)])
def test_slices_that_an_adapter_leaves_alone_stay_as_they_are(wrapper: Any, left: tuple[int, ...]) -> None:
    layer = make_layers(wrapper)["qkv_proj"]
    adapter = make_adapter(layer, 8, 1, leave=left)
    set_adapter(layer, SLOTS - 1, adapter)
    x = random_rows(layer, 4)
    map_rows(wrapper, [-1, -1, -1, -1])
    plain = run(layer, x)
    map_rows(wrapper, [SLOTS - 1, -1, SLOTS - 1, -1])

    got = run(layer, x)

    assert_close(got, reference(layer, x, [adapter, None, adapter, None]))
    start = sum(layer.output_slices[: left[0]])
    columns = slice(start, start + layer.output_slices[left[0]])
    assert torch.equal(got[:, columns], plain[:, columns])


def test_an_emptied_or_refilled_slot_holds_nothing_of_the_adapter_before(wrapper: Any) -> None:
    layer = make_layers(wrapper)["down_proj"]
    x = random_rows(layer, 2)
    set_adapter(layer, 0, make_adapter(layer, RANK, 1))
    second = make_adapter(layer, 2, 2)
    set_adapter(layer, 0, second)
    map_rows(wrapper, [0, -1])
    assert_close(run(layer, x), reference(layer, x, [second, None]))

    layer.reset_lora(0)
    emptied = run(layer, x)
    map_rows(wrapper, [-1, -1])
    assert torch.equal(emptied, run(layer, x))


@pytest.mark.parametrize("together", [True, False])
def test_many_rows_of_one_adapter_beside_few_of_another(wrapper: Any, together: bool) -> None:
    layer = make_layers(wrapper)["gate_up_proj"]
    adapters = [make_adapter(layer, 8, seed) for seed in range(2)]
    for slot, adapter in enumerate(adapters):
        set_adapter(layer, slot, adapter)
    slots = [-1, *[0] * (FEW_ROWS + 8), 1, 1, -1]
    if not together:
        slots = slots[::2] + slots[1::2]
    x = random_rows(layer, len(slots))
    map_rows(wrapper, slots)

    assert_close(run(layer, x), reference(layer, x, [adapters[s] if s >= 0 else None for s in slots]))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_a_rows_result_does_not_depend_on_the_rows_beside_it(count: int) -> None:
    wrapper = make_wrapper(GroupedRows)
    layer = make_layers(wrapper)["qkv_proj"]
    set_adapter(layer, 0, make_adapter(layer, 7, 1))
    x = random_rows(layer, count)
    y = torch.zeros((count, sum(layer.output_slices)), dtype=torch.bfloat16)
    alone = torch.zeros_like(y)
    map_rows(wrapper, [0] * count)
    wrapper.add_lora_linear(y, x, layer.lora_a_stacked, layer.lora_b_stacked, 1.0, layer.output_slices)
    map_rows(wrapper, [0])
    for row in range(count):
        rows = slice(row, row + 1)
        wrapper.add_lora_linear(
            alone[rows], x[rows], layer.lora_a_stacked, layer.lora_b_stacked, 1.0, layer.output_slices
        )

    assert torch.equal(y, alone)
    assert y.any(dim=1).all()


def test_shrink_and_expand_apart_give_what_they_give_together(wrapper: Any) -> None:
    layer = make_layers(wrapper)["gate_up_proj"]
    for slot in range(SLOTS):
        set_adapter(layer, slot, make_adapter(layer, 8, slot))
    x = random_rows(layer, len(MIXED))
    map_rows(wrapper, MIXED)
    once, twice = (torch.ones((len(MIXED), sum(layer.output_slices)), dtype=torch.bfloat16) for _ in range(2))
    wrapper.add_lora_linear(once, x, layer.lora_a_stacked, layer.lora_b_stacked, 1.0, layer.output_slices)
    inner = torch.full((2, len(MIXED), RANK), 9.0)
    wrapper.add_shrink(inner, x, layer.lora_a_stacked, 1.0)
    wrapper.add_expand(twice, inner, layer.lora_b_stacked, layer.output_slices)

    assert_close(twice, once.double())
    assert (once != 1).any(dim=1).tolist() == [slot >= 0 for slot in MIXED]


def test_compiled_layers_read_the_rows_of_each_call_anew(wrapper: Any) -> None:
    layer = make_layers(wrapper)["gate_up_proj"]
    adapters = [make_adapter(layer, 8, seed) for seed in range(SLOTS)]
    for slot, adapter in enumerate(adapters):
        set_adapter(layer, slot, adapter)
    x = random_rows(layer, 4)
    base = layer.drawn

    @torch.compile(backend="aot_eager", fullgraph=True)
    def forward(x: torch.Tensor) -> torch.Tensor:
        y = torch.nn.functional.linear(x, base) * 1.0
        wrapper.add_lora_linear(y, x, layer.lora_a_stacked, layer.lora_b_stacked, 1.0, layer.output_slices)
        return y + 0.0

    for slots in ([-1, 2, 0, 2], [1, -1, -1, 0], [-1, -1, -1, -1]):
        map_rows(wrapper, slots)
        wanted = reference(layer, x, [adapters[slot] if slot >= 0 else None for slot in slots])
        assert_close(forward(x), wanted)


def test_more_mapped_rows_than_the_layer_was_given_are_refused(wrapper: Any) -> None:
    layer = make_layers(wrapper)["down_proj"]
    set_adapter(layer, 0, make_adapter(layer, 8, 1))
    map_rows(wrapper, [0, 0, 0])
    with pytest.raises(RuntimeError, match="3 rows are mapped to adapters, but the layer was given 2"):
        run(layer, random_rows(layer, 2))


def test_rows_are_grouped_by_slot_and_base_rows_left_out() -> None:
    rows = group_rows(torch.tensor([2, 0, -1, 0, 2, 2, 1]))

    assert [(group.slot, group.count) for group in rows.groups] == [(0, 2), (1, 1), (2, 3)]
    assert rows.groups[1].rows == slice(6, 7)
    found = [rows.order[first:end].tolist() for _, first, end in rows.few.tolist()]
    assert found == [[1, 3], [6], [0, 4, 5]]


class RightRows(PunicaWrapperCPU):  # type: ignore[misc]
    """What a corrected vLLM would have: plain, slow and right."""

    def add_lora_linear(self, y, x, lora_a_stacked, lora_b_stacked, scale, output_slices, **named):  # type: ignore[no-untyped-def]
        for row, slot in enumerate(self.token_lora_indices.tolist()):
            if slot >= 0:
                y[row] += scale * lora_b_stacked[0][slot, 0] @ (lora_a_stacked[0][slot, 0] @ x[row])


class NeverChanging(PunicaWrapperCPU):  # type: ignore[misc]
    """Base rows right, the others base rows too."""

    def add_lora_linear(self, *arguments, **named):  # type: ignore[no-untyped-def]
        pass


def test_stock_operators_of_this_vllm_are_found_wrong_and_right_ones_right() -> None:
    assert not stock_is_right(PunicaWrapperCPU)
    assert stock_is_right(RightRows)
    assert not stock_is_right(NeverChanging)
    # The fault shows only in base rows beside others: without them stock is right.
    assert stock_is_right(PunicaWrapperCPU, slots=(0, 1, 1))


def test_operators_are_replaced_where_they_are_wrong_and_kept_where_right() -> None:
    class WrongPlatform:
        @classmethod
        def get_punica_wrapper(cls) -> str:
            return "vllm.lora.punica_wrapper.punica_cpu.PunicaWrapperCPU"

    class RightPlatform:
        @classmethod
        def get_punica_wrapper(cls) -> str:
            return "tests.plugin.test_rows.RightRows"

    assert install_operators(WrongPlatform())
    assert install_operators(WrongPlatform())
    assert WrongPlatform.get_punica_wrapper() == OPERATORS
    assert not install_operators(RightPlatform())
    assert RightPlatform.get_punica_wrapper() == "tests.plugin.test_rows.RightRows"
