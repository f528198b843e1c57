"""A safetensors file read by its header alone, and the values of its LoRA matrices without torch.

    8 bytes         length N of the header, little-endian
    N bytes         JSON: {"<tensor>": {"dtype": "F32", "shape": [8, 64], "data_offsets": [0, 2048]}, …}
    the rest        the tensors, one after the other, with no gap and no overlap

https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 10_000_000
"""Longest header read of an adapter's file: ample for 50,000 matrices."""
_CHUNK_BYTES = 16 * 1024 * 1024
_BITS = {
    "BOOL": 8,
    **dict.fromkeys(("U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 64),
}
_EXPONENTS = {"F32": 0x7F80_0000, "F16": 0x7C00, "BF16": 0x7F80}
"""The bits that are all set in an infinity or a NaN and in nothing else."""
MOST_SIZE = 128.0
"""A weight that training left is far below it. One beyond it may make NaN in the model, which stays in the
engine's key-value cache and spoils other answers there."""
_BOUNDS = {"F32": (127 + 7) << 23, "F16": (15 + 7) << 10, "BF16": (127 + 7) << 7}
"""MOST_SIZE, 2 to the 7th, in each type: the bits below the sign are ordered as the sizes are."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as the header describes it; `start` and `end` are byte offsets in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Values:
    """What the values of a tensor are like: all finite, at least one other than zero, all below MOST_SIZE."""

    finite: bool
    nonzero: bool
    bounded: bool


def parse_object(data: bytes) -> dict[str, Any]:
    """The JSON object in `data`. Raises ValueError for anything else, for a key twice, and for NaN."""
    try:
        found = json.loads(data.decode(), object_pairs_hook=_pairs_once, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError("is not valid JSON") from error
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8 text") from error
    if not isinstance(found, dict):
        raise ValueError("is not a JSON object")
    return found


def read_header(path: Path, *, most_bytes: int = HEADER_BYTES) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name, read without their values.

    Raises ValueError with what is wrong where the file is not a whole and well-formed one, OSError where
    it cannot be read.
    """
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        prefix = stream.read(8)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
        if not 2 <= length <= size - 8:
            raise ValueError("is not a whole safetensors file; copy it again")
        if length > most_bytes:
            raise ValueError(f"has a header of {length} bytes, expected {most_bytes} at most")
        header = stream.read(length)
    if not header.startswith(b"{"):
        raise ValueError("has a header that is not a JSON object; copy it again")
    try:
        described = parse_object(header)
    except ValueError as error:
        raise ValueError(f"has a header that {error}; copy it again") from error
    described.pop("__metadata__", None)
    tensors = {name: _read_tensor(name, value, 8 + length) for name, value in described.items()}
    _check_layout(tensors, 8 + length, size)
    return tensors


def read_values(path: Path, tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Values]]:
    """What the values of each tensor are like, in the order of the file; F32, F16 and BF16 only.

    Read in pieces, not mapped: a mapped file that somebody shortens meanwhile ends the process. Raises
    ValueError where the file has become shorter.
    """
    with path.open("rb") as stream:
        for name, tensor in sorted(tensors.items(), key=lambda item: item[1].start):
            yield name, _look_at_values(stream, tensor)


def _look_at_values(stream: BinaryIO, tensor: Tensor) -> Values:
    bits = _BITS[tensor.dtype]
    exponent = _EXPONENTS[tensor.dtype]
    magnitude = (1 << bits - 1) - 1  # everything but the sign: minus zero is zero
    finite, nonzero, bounded = True, False, True
    stream.seek(tensor.start)
    for at in range(tensor.start, tensor.end, _CHUNK_BYTES):
        wanted = min(_CHUNK_BYTES, tensor.end - at)
        data = stream.read(wanted)
        if len(data) != wanted:
            raise ValueError("became shorter while it was read; copy it again")
        words: NDArray[Any] = np.frombuffer(data, dtype=f"<u{bits // 8}")
        finite = finite and not bool(np.any((words & exponent) == exponent))
        nonzero = nonzero or bool(np.any(words & magnitude))
        bounded = bounded and not bool(np.any((words & magnitude) >= _BOUNDS[tensor.dtype]))
    return Values(finite, nonzero, bounded)


def _read_tensor(name: str, value: object, offset: int) -> Tensor:
    """One entry of the header, its types checked, its bytes as many as its shape needs."""
    broken = f"has a header that describes {name[:80]!a} wrongly; copy it again"
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(broken)
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not (isinstance(dtype, str) and _are_counts(shape) and _are_counts(offsets) and len(offsets) == 2):
        raise ValueError(broken)
    start, end = offsets
    bits = _BITS.get(dtype)
    if start > end or (bits is not None and math.prod(shape) * bits != (end - start) * 8):
        raise ValueError(broken)
    return Tensor(dtype, tuple(shape), offset + start, offset + end)


def _check_layout(tensors: Mapping[str, Tensor], start: int, size: int) -> None:
    """Refuse offsets that overlap, leave a gap, or do not end with the file."""
    places = sorted((tensor.start, tensor.end) for tensor in tensors.values())
    for before, after in pairwise([(start, start), *places]):
        if before[1] != after[0]:
            raise ValueError("has a header whose offsets overlap or leave a gap; copy it again")
    end = places[-1][1] if places else start
    if end != size:
        raise ValueError(f"has {size} bytes where its header says {end}; copy it again")


def _are_counts(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**63 for item in value)


def _pairs_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("holds a key twice")
    return found


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"holds {constant}, which is not JSON")
