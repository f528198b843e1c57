"""Before the engine is ready: does every row of a mixed batch come out as alone, and as its adapter says?"""

# ruff: noqa: ANN401  (vLLM's own interfaces are untyped)
from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

logger = logging.getLogger("vllm.reading_room_engine")

ULPS = 4
"""How far a row may be off, in units of the last place of its largest value. A product of one row and one
of several may be summed in another order and then rounded: one unit, and the adapter's part is rounded and
added: two more. Another adapter's row, or none, is off by about the value itself: in bfloat16, 32 times
as much."""
_VOCABULARY = 1000

Adapter = tuple[list[torch.Tensor], list[torch.Tensor]]
"""Per slice A (rank, in) and B (out, rank)."""


class RowsMixedUp(RuntimeError):
    """The engine must not start: it would answer some requests with the wrong adapter."""


def check_rows(layers: Mapping[str, Any], slots: int) -> None:
    """Run one layer of each kind and shape with random adapters in its first and last slot.

    `layers` are vLLM's own LoRA layers by name, with `slots` slots each, all empty; they are empty
    afterwards. Layers of experts are left out. Raises RowsMixedUp, with one line that says what is wrong.
    """
    started = time.perf_counter()
    tried = 0
    for name, layer in _one_of_each(layers):
        used = sorted({0, slots - 1})
        # Neither sorted nor grouped: base rows first, between and last, both slots more than once.
        places = [-1, used[-1], 0, -1, used[-1], 0, 0, -1]
        try:
            _try_layer(layer, slots, used, places, seed=tried)
        except Exception as error:
            found = " ".join(str(error).split()) or type(error).__name__
            message = (
                f"LoRA self-test failed on {name} ({type(layer).__name__}, {slots} slots): {found} "
                f"The engine does not start, since it would give some requests another adapter's answer, or "
                f"none. Remedy: install the reading-room-engine plugin made for this vLLM and set "
                f"VLLM_PLUGINS=reading_room, or start without --enable-lora."
            )
            logger.error("reading_room: %s", message)
            raise RowsMixedUp(message) from error
        finally:
            for slot in used:
                layer.reset_lora(slot)
            _map_rows(layer, [-1], slots)
        tried += 1
    logger.info(
        "reading_room: self-test passed, %d kinds of layer, %.2f s", tried, time.perf_counter() - started
    )


def _one_of_each(layers: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The first layer of each kind, shape and type of number, of those that map rows to rows."""
    seen = set()
    for name, layer in layers.items():
        stacked = getattr(layer, "lora_a_stacked", None), getattr(layer, "lora_b_stacked", None)
        if any(matrices is None for matrices in stacked):
            continue
        down, up = (_as_tuple(matrices) for matrices in stacked)
        if any(matrix.ndim != 4 for matrix in up) or any(matrix.ndim not in (3, 4) for matrix in down):
            continue
        key = (type(layer), *((m.shape, m.dtype) for m in (*down, *up)))
        if key not in seen:
            seen.add(key)
            yield name, layer


@torch.inference_mode()
def _try_layer(layer: Any, slots: int, used: Sequence[int], places: Sequence[int], seed: int) -> None:
    """Raises ValueError for the first row that is not as it should be."""
    generator = torch.Generator().manual_seed(seed)
    x = _make_rows(layer, len(places), generator)
    _map_rows(layer, [-1] * len(places), slots)
    plain = _run(layer, x).float()
    adapters = {
        slot: _fill(layer, slot, times * _size_of(plain), generator)
        for times, slot in enumerate(used, start=1)
    }
    _map_rows(layer, places, slots)
    mixed = _run(layer, x)
    for row, place in enumerate(places):
        _map_rows(layer, [place], slots)
        alone = _run(layer, x[row : row + 1])
        without = _run_without(layer, x[row : row + 1])
        whose = f"the base model's row {row}" if place < 0 else f"row {row} (slot {place})"
        _compare(f"{whose} in a mixed batch is not as it is alone", mixed[row], alone[0])
        if place < 0:
            _compare(f"{whose} is not as it is without LoRA", alone[0], without[0])
        elif getattr(layer, "tp_size", 1) == 1:  # else a share of it
            wanted = without.float() + _change(layer, x[row : row + 1], *adapters[place])
            _compare(f"{whose} is not changed as its adapter says", alone[0], wanted[0].to(alone.dtype))
        elif _distance(alone[0], without[0]) <= ULPS * _unit(without):
            raise ValueError(f"{whose} is not changed by its adapter.")


def _compare(complaint: str, got: torch.Tensor, wanted: torch.Tensor) -> None:
    off, allowed = _distance(got, wanted), ULPS * _unit(wanted)
    if not off <= allowed:  # so written, a NaN is a failure
        raise ValueError(f"{complaint}: off by {off:.3g}, {allowed:.3g} allowed.")


def _distance(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one.float() - other.float()).abs().max())


def _unit(values: torch.Tensor) -> float:
    """One unit in the last place of the largest value."""
    return float(values.float().abs().max()) * torch.finfo(values.dtype).eps


def _size_of(values: torch.Tensor) -> float:
    """The root of the mean square."""
    return float(values.square().mean().sqrt()) or 1.0


def _as_tuple(matrices: Any) -> tuple[torch.Tensor, ...]:
    return (matrices,) if isinstance(matrices, torch.Tensor) else tuple(matrices)


def _is_embedding(layer: Any) -> bool:
    return _as_tuple(layer.lora_a_stacked)[0].ndim == 3


def _is_logits(layer: Any) -> bool:
    return hasattr(layer, "_get_logits")


def _output(result: Any) -> torch.Tensor:
    """A linear layer gives its output, or its output and its bias."""
    rows: torch.Tensor = result[0] if isinstance(result, tuple) else result
    return rows


def _make_rows(layer: Any, count: int, generator: torch.Generator) -> torch.Tensor:
    """Inputs for the layer, (rows, in); for an embedding token numbers, (rows,)."""
    down = _as_tuple(layer.lora_a_stacked)[0]
    if _is_embedding(layer):
        return torch.randint(down.shape[1], (count,), generator=generator).to(down.device)
    return torch.randn((count, down.shape[-1]), generator=generator).to(down.device, down.dtype)


def _run(layer: Any, x: torch.Tensor) -> torch.Tensor:
    """The layer's rows with the adapters that are mapped to them."""
    if not _is_logits(layer):
        return _output(layer(x))
    y = _run_without(layer, x)
    layer.punica_wrapper.add_lora_logits(y, x, layer.lora_a_stacked, layer.lora_b_stacked, 1.0)
    return y


def _run_without(layer: Any, x: torch.Tensor) -> torch.Tensor:
    """The same by the layer that vLLM put its own around; made up for logits, whose weights lie elsewhere."""
    if not _is_logits(layer):
        return _output(layer.base_layer(x))
    size = layer.lora_b_stacked.shape[2]
    return x.float().mean(1, keepdim=True).to(x.dtype).expand(-1, size).contiguous()


def _fill(layer: Any, slot: int, size: float, generator: torch.Generator) -> Adapter:
    """Put a random adapter that changes rows by about `size` into a slot, and give its matrices."""
    downs, ups = _as_tuple(layer.lora_a_stacked), _as_tuple(layer.lora_b_stacked)
    rank = ups[0].shape[-1]

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    wide = [down.shape[1] if down.ndim == 3 else down.shape[-1] for down in downs]
    scale = 1.0 if _is_embedding(layer) else wide[0] ** -0.5
    a = [(draw(rank, width) * scale).to(down.dtype) for down, width in zip(downs, wide, strict=True)]
    b = [(draw(up.shape[2], rank) * (size * rank**-0.5)).to(up.dtype) for up in ups]
    if getattr(layer, "tp_size", 1) == 1:
        packed = len(ups) > 1
        layer.set_lora(slot, a if packed else a[0], b if packed else b[0])
        return a, b
    # With tensor parallelism set_lora takes the whole model's matrices, of which we have only a share.
    for matrices, values in ((downs, a), (ups, b)):
        for matrix, value in zip(matrices, values, strict=True):
            matrix[slot, 0, : value.shape[0], : value.shape[1]].copy_(value)
    remember = getattr(layer.punica_wrapper, "remember", None)
    if remember is not None:
        remember(layer, slot, empty=False)
    return a, b


def _change(
    layer: Any, x: torch.Tensor, a: Sequence[torch.Tensor], b: Sequence[torch.Tensor]
) -> torch.Tensor:
    """What an adapter adds to the layer's rows, in float32, slice beside slice."""
    slices = []
    for down, up in zip(a, b, strict=True):
        down, up = down.to(x.device).float(), up.to(x.device).float()
        inner = down.t()[x] if _is_embedding(layer) else x.float() @ down.t()
        slices.append(inner @ up.t())
    return torch.cat(slices, dim=1)


def _map_rows(layer: Any, places: Sequence[int], slots: int) -> None:
    """Tell the operators which slot each row has; -1 is the base model."""
    from vllm.lora.layers import LoRAMapping

    ids = tuple(place + 1 for place in places)
    if hasattr(layer, "set_output_mapping"):  # a classification head asks for them in another way too
        layer.set_output_mapping(tuple(places))
    # An embedding finds a slot's tokens at multiples of its vocabulary; others do not go by it.
    vocabulary = _as_tuple(layer.lora_a_stacked)[0].shape[1] if _is_embedding(layer) else _VOCABULARY
    layer.punica_wrapper.update_metadata(
        LoRAMapping(ids, ids, is_prefill=True), list(range(1, slots + 1)), slots + 1, vocabulary
    )
