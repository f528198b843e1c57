"""The self-test at start: silent for operators that are right, loud for those that mix rows up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

from reading_room_engine.rows import GroupedRows, watch_slots
from reading_room_engine.self_test import RowsMixedUp, check_rows
from tests.plugin.layers import SLOTS, make_layers, make_wrapper, one_process


@pytest.fixture(scope="module", autouse=True)
def parallel_state() -> Iterator[None]:
    watch_slots()
    with one_process():
        yield


class OneSlotForAll(GroupedRows):
    """Every row with an adapter gets that in the first slot."""

    def update_metadata(self, mapping: Any, *arguments: Any, **named: Any) -> None:
        mapping.index_mapping = tuple(min(number, 1) for number in mapping.index_mapping)
        super().update_metadata(mapping, *arguments, **named)


class NeverChanging(GroupedRows):
    """No row gets its adapter."""

    def add_lora_linear(self, *arguments: Any, **named: Any) -> None:
        pass


def test_right_operators_pass_and_leave_no_weights_behind() -> None:
    wrapper = make_wrapper(GroupedRows)
    layers = make_layers(wrapper)

    check_rows(layers, SLOTS)

    for layer in layers.values():
        for matrix in (*layer.lora_a_stacked, *layer.lora_b_stacked):
            assert not matrix.any()
        assert not any(wrapper.layers[layer.lora_a_stacked[0].data_ptr()].parts)
    assert wrapper.tokens.groups == ()


def test_this_vllms_own_operators_are_stopped_at_start_and_left_clean() -> None:
    layers = make_layers(make_wrapper(PunicaWrapperCPU))
    with pytest.raises(RowsMixedUp, match=r"qkv_proj.*the base model's row 0 in a mixed batch") as raised:
        check_rows(layers, SLOTS)
    message = str(raised.value)
    assert "\n" not in message and "Remedy: " in message
    assert not any(
        m.any() for layer in layers.values() for m in (*layer.lora_a_stacked, *layer.lora_b_stacked)
    )


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        (OneSlotForAll, r"row 1 \(slot 2\) is not changed as its adapter says"),
        (NeverChanging, r"row 1 \(slot 2\) is not changed as its adapter says"),
    ],
)
def test_broken_operators_are_named(kind: Any, complaint: str) -> None:
    with pytest.raises(RowsMixedUp, match=complaint):
        check_rows(make_layers(make_wrapper(kind)), SLOTS)
