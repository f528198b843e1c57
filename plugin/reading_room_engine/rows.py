"""LoRA on CPU: rows grouped by adapter, base rows untouched, the cost that of the adapter's true rank.

The stock operators of vLLM 0.32 (`lora/ops/torch_ops/lora_ops.py`) gather both matrices of an adapter once
per token, padded to the largest rank, and take the last slot for rows without an adapter (index -1).
"""

# ruff: noqa: ANN401  (the interface is vLLM's own, and untyped)
from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from vllm.lora.layers import BaseLayerWithLoRA
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

from .kernel import LANES, Kernel, lay_tiles, load_kernel, scratch_for

FEW_ROWS = 64
"""Up to so many rows of one adapter go through the compiled kernel, more through torch, whose products
use the processor's matrix unit (measured to cross at 45 rows in a layer 1024 wide, at 100 in one of 256)."""
_FEW_THREADS = 4
"""The kernel runs on one thread: beside more than these, torch's parallel products are the faster."""

Weights = tuple[torch.Tensor, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one batch that belong to the adapter in `slot`: a range where they lie together."""

    slot: int
    count: int
    rows: slice | torch.Tensor


@dataclass(frozen=True, slots=True)
class Rows:
    """How one step's rows are to be worked on; made once a step, used by every layer.

    `few` is the kernel's table of int64 {slot, first, last + 1} into `order`, which holds row numbers.
    """

    total: int
    groups: tuple[Group, ...]
    many: tuple[Group, ...]
    few: torch.Tensor
    order: torch.Tensor


def group_rows(slots: torch.Tensor) -> Rows:
    """Group the rows of a batch; `slots` is int64 (rows,), -1 for a row without an adapter."""
    order = torch.argsort(slots, stable=True)
    found, counts = torch.unique_consecutive(slots[order], return_counts=True)
    groups, few = [], []
    start = 0
    for slot, count in zip(found.tolist(), counts.tolist(), strict=True):
        if slot >= 0:
            rows = order[start : start + count]
            first, last = int(rows[0]), int(rows[-1])
            together = last - first + 1 == count
            groups.append(Group(slot, count, slice(first, last + 1) if together else rows))
            if count <= FEW_ROWS:
                few.append((slot, start, start + count))
        start += count
    return Rows(
        total=len(slots),
        groups=tuple(groups),
        many=tuple(group for group in groups if group.count > FEW_ROWS),
        few=torch.tensor(few, dtype=torch.int64).reshape(-1, 3),
        order=order,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One adapter's change to one slice of a layer, at its true rank.

    `down` is (rank, in) and `up` (rank, out), views of vLLM's own; `tiles` is `up` once more as the kernel
    reads it, or None; `columns` are the slice's in the output.
    """

    down: torch.Tensor
    up: torch.Tensor
    tiles: torch.Tensor | None
    columns: slice


class Layer:
    """The adapters in the slots of one layer."""

    @torch.inference_mode()  # as `take`: what is made within it may be changed only within it
    def __init__(self, down: Weights, up: Weights) -> None:
        """`down` and `up` are vLLM's own: per slice (slots, 1, rank, in) and (slots, 1, out, rank)."""
        self._stacked = down, up
        slots, _, rank, self.width = down[0].shape
        self.parts: list[tuple[Part, ...]] = [()] * slots
        self.joined: list[Part | None] = [None] * slots
        sizes = [matrix.shape[2] for matrix in up]
        ends = list(itertools.accumulate(sizes))
        self._columns = [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]
        self.slices = len(down)
        self.table = torch.zeros((slots, self.slices, 3), dtype=torch.int64)
        self.spans = torch.tensor([(c.start, c.stop - c.start) for c in self._columns], dtype=torch.int64)
        self.scratch = scratch_for(self.width, rank)
        whole_lanes = all(size % LANES == 0 for size in (self.width, *sizes))
        self.fits_kernel = whole_lanes and down[0].dtype == torch.bfloat16

    @torch.inference_mode()
    def take(self, slot: int) -> None:
        """Note what was put into `slot`; the true rank is read from the values."""
        parts = []
        self.table[slot] = 0
        for number, columns in enumerate(self._columns):
            down, up = (matrices[number][slot, 0] for matrices in self._stacked)
            rank = min(_last_used(down.any(1)), _last_used(up.any(0)))
            if not rank:
                continue
            tiles = lay_tiles(up[:, :rank]) if self.fits_kernel else None
            parts.append(Part(down[:rank], up[:, :rank].t(), tiles, columns))
            if tiles is not None:
                self.table[slot, number] = torch.tensor([down.data_ptr(), tiles.data_ptr(), rank])
        self.parts[slot] = tuple(parts)
        self.joined[slot] = _join(parts)

    @torch.inference_mode()
    def clear(self, slot: int) -> None:
        """Forget what was in `slot`."""
        self.table[slot] = 0
        self.parts[slot] = ()
        self.joined[slot] = None


def _join(parts: Sequence[Part]) -> Part | None:
    """The parts as one, for torch: two large products cost less than two small ones for each slice."""
    if len(parts) <= 1:
        return parts[0] if parts else None
    columns = slice(parts[0].columns.start, parts[-1].columns.stop)
    down = torch.cat([part.down for part in parts])
    up = down.new_zeros((len(down), columns.stop - columns.start))
    rank = 0
    for part in parts:
        first = part.columns.start - columns.start
        up[rank : rank + len(part.up), first : first + part.up.shape[1]] = part.up
        rank += len(part.up)
    return Part(down, up, None, columns)


def _last_used(used: torch.Tensor) -> int:
    """One more than the last place of `used` that is true."""
    places = used.nonzero()
    return int(places[-1]) + 1 if len(places) else 0


class GroupedRows(PunicaWrapperCPU):
    """vLLM's interface for LoRA on CPU, row group by row group."""

    kernel: Kernel | None = None
    _numbers = itertools.count()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.number = next(self._numbers)
        self.layers: dict[int, Layer] = {}
        self.tokens = group_rows(torch.empty(0, dtype=torch.int64))
        self._samples: Rows | None = self.tokens
        _wrappers[self.number] = self
        if torch.get_num_threads() <= _FEW_THREADS:
            self.kernel = load_kernel()

    def update_metadata(
        self, mapping: Any, lora_index_to_id: list[int | None], max_loras: int, vocab_size: int, **named: Any
    ) -> None:
        """Group the rows of the step to come. vLLM calls it only when rows or slots have changed."""
        self._update_base_metadata(mapping, lora_index_to_id, max_loras, vocab_size)
        self.tokens = group_rows(self.token_lora_indices)
        self._samples = None

    @property
    def samples(self) -> Rows:
        """The rows that are sampled from; grouped only where some layer asks for them."""
        if self._samples is None:
            self._samples = group_rows(self.sampler_indices)
        return self._samples

    def remember(self, layer: BaseLayerWithLoRA, slot: int, *, empty: bool) -> None:
        """Note what was put into a slot of `layer`, or that it was emptied."""
        down, up = _stacked(layer)
        if down is None or up is None:
            return
        packed = self.layers.get(down[0].data_ptr())
        if packed is None:
            packed = self.layers[down[0].data_ptr()] = Layer(down, up)
        if empty:
            packed.clear(slot)
        else:
            packed.take(slot)

    def add_lora_linear(
        self,
        y: torch.Tensor,
        x: torch.Tensor,
        lora_a_stacked: Weights,
        lora_b_stacked: Weights,
        scale: float,
        output_slices: tuple[int, ...],
        *,
        buffer: tuple[torch.Tensor, ...] | None = None,
        **named: Any,
    ) -> None:
        """y += scale * B(A(x)) in place, (rows, out) and (rows, in), for the rows that have an adapter."""
        if torch.compiler.is_compiling():
            torch.ops.reading_room.add_rows(y, x, lora_a_stacked[0], self.number, scale, False)
        elif self.tokens.groups:
            self.add_rows(y, x, lora_a_stacked[0], scale, self.tokens)

    def add_lora_logits(
        self,
        y: torch.Tensor,
        x: torch.Tensor,
        lora_a_stacked: torch.Tensor,
        lora_b_stacked: torch.Tensor,
        scale: float,
        *,
        buffer: torch.Tensor | None = None,
        **named: Any,
    ) -> None:
        """The same for logits: (samples, vocabulary) and (samples, in)."""
        y, x = y.view(-1, y.shape[-1]), x.view(-1, x.shape[-1])
        if torch.compiler.is_compiling():
            torch.ops.reading_room.add_rows(y, x, lora_a_stacked, self.number, scale, True)
        elif self.samples.groups:
            self.add_rows(y, x, lora_a_stacked, scale, self.samples)

    def add_rows(
        self, y: torch.Tensor, x: torch.Tensor, first: torch.Tensor, scale: float, rows: Rows
    ) -> None:
        """The work of both; `first` is the layer's first stacked A, which says which layer it is."""
        layer = self.layers.get(first.data_ptr())
        if layer is None:  # nothing was ever put into it
            return
        if rows.total > y.shape[0]:
            raise RuntimeError(
                f"{rows.total} rows are mapped to adapters, but the layer was given {y.shape[0]}."
            )
        many = rows.groups
        if self.kernel is not None and layer.fits_kernel and _fits(x) and _fits(y):
            many = rows.many
            if len(rows.few):
                self.kernel(
                    x.data_ptr(), x.stride(0), y.data_ptr(), y.stride(0), layer.width,
                    layer.table.data_ptr(), layer.spans.data_ptr(), layer.slices,
                    rows.few.data_ptr(), len(rows.few), rows.order.data_ptr(), scale,
                    layer.scratch.data_ptr(),
                )  # fmt: skip
        for group in many:
            part = layer.joined[group.slot]
            if part is not None:
                _add_part(y, x, part, group.rows, scale)

    def add_shrink(
        self,
        y: tuple[torch.Tensor, ...] | torch.Tensor,
        x: torch.Tensor,
        lora_a_stacked: Weights,
        scale: float,
        **named: Any,
    ) -> None:
        """y[i] = scale * A_i(x), each (rows, rank), zero for rows without an adapter. Not for compiling."""
        x = x.view(-1, x.shape[-1])
        for into, down in zip(y, lora_a_stacked, strict=True):
            into.zero_()
            for group in self.tokens.groups:
                into[group.rows] = (x[group.rows] @ down[group.slot, 0].t()).to(into.dtype) * scale

    def add_expand(
        self,
        y: torch.Tensor,
        x: tuple[torch.Tensor, ...] | torch.Tensor,
        lora_b_stacked: Weights,
        output_slices: tuple[int, ...],
        offset_start: int = 0,
        add_inputs: bool = True,
        **named: Any,
    ) -> None:
        """y[:, slice i] += B_i(x[i]) for the rows that have an adapter. Not for compiling."""
        y = y.view(-1, y.shape[-1])
        for number, (up, size) in enumerate(zip(lora_b_stacked, output_slices, strict=True)):
            columns = y[:, offset_start : offset_start + size]
            if not add_inputs:
                columns.zero_()
            self._expand(columns, x[number], up)
            offset_start += size

    def add_lora_embedding(
        self,
        y: torch.Tensor,
        x: torch.Tensor,
        lora_b_stacked: torch.Tensor,
        add_inputs: bool = True,
        **named: Any,
    ) -> None:
        """y += B(x) in place, (rows, out) and (rows, rank), for the rows that have an adapter."""
        if torch.compiler.is_compiling():
            torch.ops.reading_room.add_embedded_rows(y, x, lora_b_stacked, self.number)
        else:
            self._expand(y, x, lora_b_stacked)

    def _expand(self, y: torch.Tensor, x: torch.Tensor, up: torch.Tensor) -> None:
        for group in self.tokens.groups:
            matrix = up[group.slot, 0]
            y[group.rows] += (x[group.rows].to(matrix.dtype) @ matrix.t()).to(y.dtype)


def _fits(matrix: torch.Tensor) -> bool:
    return matrix.dtype == torch.bfloat16 and matrix.stride(1) == 1


def _add_part(y: torch.Tensor, x: torch.Tensor, part: Part, rows: slice | torch.Tensor, scale: float) -> None:
    """One adapter's rows by torch."""
    inner = torch.mm(x[rows].to(part.down.dtype), part.down.t())
    if isinstance(rows, slice) and y.dtype == part.up.dtype:
        y[rows, part.columns].addmm_(inner, part.up, alpha=scale)
        return
    change = torch.mm(inner, part.up).to(y.dtype)
    place = torch.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
    y[:, part.columns].index_add_(0, place, change, alpha=scale)


def _stacked(layer: BaseLayerWithLoRA) -> tuple[Weights | None, Weights | None]:
    """A layer's matrices, one of each per slice; None for layers that are not of that form."""
    down, up = (getattr(layer, name, None) for name in ("lora_a_stacked", "lora_b_stacked"))
    if isinstance(down, torch.Tensor) and isinstance(up, torch.Tensor):
        down, up = (down,), (up,)
    if not down or not up or any(matrix.ndim != 4 for matrix in (*down, *up)):
        return None, None
    return tuple(down), tuple(up)


_wrappers: dict[int, GroupedRows] = {}


@torch.library.custom_op("reading_room::add_rows", mutates_args=("y",))
def _add_rows(
    y: torch.Tensor, x: torch.Tensor, first: torch.Tensor, wrapper: int, scale: float, sampled: bool
) -> None:
    """Opaque to torch.compile: which rows belong together is known only when it runs."""
    rows = _wrappers[wrapper].samples if sampled else _wrappers[wrapper].tokens
    if rows.groups:
        _wrappers[wrapper].add_rows(y, x, first, scale, rows)


@torch.library.custom_op("reading_room::add_embedded_rows", mutates_args=("y",))
def _add_embedded_rows(y: torch.Tensor, x: torch.Tensor, up: torch.Tensor, wrapper: int) -> None:
    _wrappers[wrapper]._expand(y, x, up)


def watch_slots() -> None:
    """Have every kind of layer tell its wrapper when a slot is filled or emptied. Once is enough."""
    for kind in _kinds(BaseLayerWithLoRA):
        for name, empty in (("set_lora", False), ("reset_lora", True)):
            method = kind.__dict__.get(name)
            if method is not None and not hasattr(method, "reading_room"):
                setattr(kind, name, _telling(method, empty))


def _telling(method: Callable[..., None], empty: bool) -> Callable[..., None]:
    def tell(self: BaseLayerWithLoRA, index: int, *arguments: Any, **named: Any) -> None:
        method(self, index, *arguments, **named)
        wrapper = getattr(self, "punica_wrapper", None)
        if isinstance(wrapper, GroupedRows):
            wrapper.remember(self, index, empty=empty)

    tell.reading_room = True  # type: ignore[attr-defined]
    return tell


def _kinds(kind: type) -> Iterator[type]:
    yield kind
    below: type
    for below in kind.__subclasses__():
        yield from _kinds(below)


def stock_is_right(wrapper: type[Any] = PunicaWrapperCPU, slots: Sequence[int] = (-1, 0, 1, 1, -1)) -> bool:
    """Whether the given operators leave base rows alone and give each other row its own adapter.

    Tried on values, with every slot filled, in a batch that mixes both; any error counts as not right.
    """
    generator = torch.Generator().manual_seed(1)
    x = torch.randn((len(slots), LANES), generator=generator)
    down = torch.randn((2, 1, 4, LANES), generator=generator)
    up = torch.randn((2, 1, LANES, 4), generator=generator)
    wanted = torch.stack(
        [
            row if slot < 0 else row + up[slot, 0] @ (down[slot, 0] @ row)
            for row, slot in zip(x, slots, strict=True)
        ]
    )
    try:
        from vllm.lora.layers import LoRAMapping

        tried = wrapper(len(slots), max_batches=len(slots), device=torch.device("cpu"))
        ids = tuple(slot + 1 for slot in slots)
        tried.update_metadata(LoRAMapping(ids, ids, is_prefill=True), [1, 2], 3, 100)
        y = x.clone()
        tried.add_lora_linear(y, x, (down,), (up,), 1.0, (LANES,))
    except Exception:
        return False
    return torch.allclose(y, wanted, rtol=1e-3, atol=1e-3)
