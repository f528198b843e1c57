"""The inner loop for few rows, in C, compiled once by the machine's own C compiler.

Torch needs about 20 us for each small bfloat16 product on CPU, whatever its size, and a layer needs two for
each adapter and slice. This does a layer's whole step in one call. Where there is no compiler, or where it
does not give what it should, `load_kernel` returns None and torch does the work.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

logger = logging.getLogger("vllm.reading_room_engine")

LANES = 16
"""Sizes of a layer must be multiples of this; others are left to torch."""
BLOCK = 4
"""Rows worked on at once."""
_TILE = 64
_FLAGS = ("-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC")
_COMPILE_SECONDS = 60

SOURCE = r"""
#include <stdint.h>
#include <string.h>

/* bfloat16 in, float32 sums, bfloat16 out, rounded once. The sum for a row runs in one order, whatever
   other rows are worked on beside it: so a row's result does not depend on its batch. With few rows it is
   memory that is waited for, so what comes next is fetched ahead (1 and 2 KB: a fifth faster). */
typedef float f16 __attribute__((vector_size(64), aligned(4)));
typedef float f8 __attribute__((vector_size(32)));
typedef float f4 __attribute__((vector_size(16)));
typedef uint32_t u16x __attribute__((vector_size(64), aligned(4)));
typedef uint16_t h16 __attribute__((vector_size(32), aligned(2)));
#define INLINE static inline __attribute__((always_inline))

INLINE f16 widen(const uint16_t *from) {
    h16 half = *(const h16 *)from;
    u16x word = __builtin_convertvector(half, u16x) << 16;
    return (f16)word;
}

INLINE void narrow(uint16_t *to, f16 value) {
    u16x word = (u16x)value;
    u16x rounded = (word + 0x7fffu + ((word >> 16) & 1u)) >> 16;
    u16x quiet = (u16x)((word & 0x7fffffffu) > 0x7f800000u);
    rounded = (rounded & ~quiet) | (0x7fc0u & quiet);
    *(h16 *)to = __builtin_convertvector(rounded, h16);
}

INLINE float total(f16 v) {
    union { f16 whole; f8 half[2]; } first = {v};
    union { f8 whole; f4 half[2]; } second = {first.half[0] + first.half[1]};
    f4 four = second.half[0] + second.half[1];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

INLINE void shrink(int rows, int ranks, const float *x, long in, const uint16_t *a, float *h, long rank,
                   float scale) {
    f16 sums[4][4];
    for (int b = 0; b < rows; b++) for (int j = 0; j < ranks; j++) sums[b][j] = (f16){0};
    for (long i = 0; i < in; i += 16)
        for (int j = 0; j < ranks; j++) {
            f16 weight = widen(a + j * in + i);
            __builtin_prefetch(a + j * in + i + 512);
            for (int b = 0; b < rows; b++) sums[b][j] += *(const f16 *)(x + b * in + i) * weight;
        }
    for (int b = 0; b < rows; b++)
        for (int j = 0; j < ranks; j++) h[b * rank + j] = total(sums[b][j]) * scale;
}

/* One tile of B: rank rows of 16 * vectors columns, one after the other, so that memory is read in order. */
INLINE void expand(int rows, int vectors, uint16_t *const *y, long at, const uint16_t *tile, const float *h,
                   long rank) {
    f16 sums[4][4];
    for (int b = 0; b < rows; b++) for (int v = 0; v < vectors; v++) sums[b][v] = (f16){0};
    for (long j = 0; j < rank; j++)
        for (int v = 0; v < vectors; v++) {
            __builtin_prefetch(tile + (j * vectors + v) * 16 + 1024);
            f16 weight = widen(tile + (j * vectors + v) * 16);
            for (int b = 0; b < rows; b++) sums[b][v] += h[b * rank + j] * weight;
        }
    for (int b = 0; b < rows; b++) for (int v = 0; v < vectors; v++) {
        uint16_t *place = y[b] + at + 16 * v;
        narrow(place, widen(place) + sums[b][v]);
    }
}

INLINE void block(int rows, const float *x, long in, uint16_t *const *y, const int64_t *weights,
                  const int64_t *spans, int slices, float *h, float scale) {
    for (int s = 0; s < slices; s++) {
        const uint16_t *a = (const uint16_t *)weights[3 * s], *b = (const uint16_t *)weights[3 * s + 1];
        long rank = weights[3 * s + 2], offset = spans[2 * s], out = spans[2 * s + 1], j = 0, at = 0;
        if (!rank) continue;
        for (; j + 4 <= rank; j += 4) shrink(rows, 4, x, in, a + j * in, h + j, rank, scale);
        for (; j < rank; j++) shrink(rows, 1, x, in, a + j * in, h + j, rank, scale);
        uint16_t *there[4];
        for (int r = 0; r < rows; r++) there[r] = y[r] + offset;
        for (; at + 64 <= out; at += 64) expand(rows, 4, there, at, b + at * rank, h, rank);
        for (; at < out; at += 16) expand(rows, 1, there, at, b + at * rank, h, rank);
    }
}

/* y[row] += scale * B(A(x[row])), for rows grouped by slot.
   table: slots x slices x {A, B, rank}; A is rank x in, B in tiles (see lay_tiles), both bfloat16.
   spans: slices x {first column of y, columns}. groups: {slot, first, last + 1} into order. */
void add_rows(const uint16_t *x, long x_step, uint16_t *y, long y_step, long in, const int64_t *table,
              const int64_t *spans, long slices, const int64_t *groups, long group_count,
              const int64_t *order, float scale, float *scratch) {
    float *h = scratch + 4 * in;
    for (long g = 0; g < group_count; g++) {
        const int64_t *weights = table + groups[3 * g] * slices * 3;
        long any = 0;
        for (long s = 0; s < slices; s++) any += weights[3 * s + 2];
        if (!any) continue;
        for (long k = groups[3 * g + 1]; k < groups[3 * g + 2]; k += 4) {
            long left = groups[3 * g + 2] - k, rows = left < 4 ? left : 4;
            uint16_t *there[4];
            for (long r = 0; r < rows; r++) {
                const uint16_t *from = x + order[k + r] * x_step;
                there[r] = y + order[k + r] * y_step;
                for (long i = 0; i < in; i += 16) *(f16 *)(scratch + r * in + i) = widen(from + i);
            }
            switch (rows) {
                case 1: block(1, scratch, in, there, weights, spans, slices, h, scale); break;
                case 2: block(2, scratch, in, there, weights, spans, slices, h, scale); break;
                case 3: block(3, scratch, in, there, weights, spans, slices, h, scale); break;
                default: block(4, scratch, in, there, weights, spans, slices, h, scale);
            }
        }
    }
}
"""

Kernel = Callable[..., None]


def load_kernel() -> Kernel | None:
    """The compiled `add_rows`, or None where it cannot be had; the reason is logged."""
    try:
        library = ctypes.CDLL(str(_compiled()))
    except (OSError, subprocess.SubprocessError) as error:
        logger.info("reading_room: LoRA rows by torch alone, no compiled kernel (%s)", error)
        return None
    pointer, long = ctypes.c_void_p, ctypes.c_long
    function = library.add_rows
    function.restype = None
    function.argtypes = [
        pointer, long, pointer, long, long, pointer, pointer, long, pointer, long, pointer, ctypes.c_float,
        pointer,
    ]  # fmt: skip
    return function


def _compiled() -> Path:
    """The shared library in vLLM's cache, made if it is not there. Raises OSError or SubprocessError."""
    from vllm import envs

    key = hashlib.sha256("\0".join((SOURCE, *_FLAGS, _processor())).encode()).hexdigest()[:16]
    folder = Path(envs.VLLM_CACHE_ROOT) / "reading-room"
    library = folder / f"rows-{key}.so"
    if library.is_file():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as building:
        source, built = Path(building) / "rows.c", Path(building) / "rows.so"
        source.write_text(SOURCE)
        subprocess.run(
            ["cc", *_FLAGS, "-o", str(built), str(source)],
            check=True, capture_output=True, timeout=_COMPILE_SECONDS,
        )  # fmt: skip
        os.replace(built, library)
    return library


def _processor() -> str:
    """What the compiled code depends on: a cache folder may be shared by unlike machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n", 1)[0].splitlines()
    except OSError:
        return os.uname().machine
    return "\n".join(line for line in lines if line.startswith(("model", "flags", "Features", "CPU ")))


def lay_tiles(up: torch.Tensor) -> torch.Tensor:
    """B, (out, rank), as the kernel reads it: tiles of 64 outputs, then of 16, each (rank, outputs)."""
    whole = up.shape[0] // _TILE * _TILE
    parts = (up[:whole].reshape(-1, _TILE, up.shape[1]), up[whole:].reshape(-1, LANES, up.shape[1]))
    return torch.cat([part.transpose(1, 2).reshape(-1) for part in parts])


def scratch_for(width: int, rank: int) -> torch.Tensor:
    """Room for `add_rows`: BLOCK rows of x widened to float32, and their products with A."""
    return torch.empty(BLOCK * (width + rank), dtype=torch.float32)
