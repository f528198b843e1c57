"""How vectors are kept, chosen from their number and the memory there is.

Measured on 85,000 distinct real texts (finding aids and sentences of abstracts) and on 1,020,000 vectors made
of them by jittering, all-MiniLM-L6-v2 with 384 components, 407 questions, k = 100, faiss 1.15.1; processor
time of one Zen 4 thread on a busy machine (an idle one scans a million in fp16 in 28 ms):

|                                           | 85,000:            | 1,020,000:         |  MB |
| kept as                                   | ms   | recall@10,  | ms   | recall@10,  | per |
|                                           |      | @100        |      | @100        | 1 M |
|-------------------------------------------|------|-------------|------|-------------|-----|
| fp16, all scanned                         | 7.5  | 1, 1        | 98   | 1, 1        | 768 |
| 8 bits, all scanned                       | 6.5  | .992, .994  |      |             | 384 |
| RaBitQ codes, the best 8 k in fp16        | 1.5  | 1.000, .994 | 13.9 | .997, .986  | 824 |
| PQ96x4 codes, the best 8 k in fp16        | 0.63 | 1.000, .991 | 7.3  | .998, .974  | 816 |
| PQ96x4 codes, the best 8 k in 8 bits      | 0.80 | .992, .987  |      |             | 432 |
| PQ48x4 codes, the best 8 k in fp16        | 0.50 | .987, .904  |      |             | 792 |
| 2,048 partitions, 256 probed, PQ96x4 fp16 |      |             | 2.7  | .989, .963  | 824 |
| 2,048 partitions, 64 probed, PQ96x4 fp16  |      |             | 1.1  | .949, .923  | 824 |

HNSW and partitions without rescoring had recall@10 of .73 to .94 on 100,000 such vectors, and of .13 to .23
under a filter that one in a thousand passes.
So codes are scanned whole, and what they bring up is scored again by the vectors themselves: the best 4 k
where that reaches .99 at 10, more where it does not. In scoring, fetching vectors is what costs: on a million
of them a scan of codes took as long as embedding three questions, to a depth of 10,000 as to one of 100.
Partitions (IVF) are for more than a scan of codes can do in time.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Scan = Literal["exact", "codes", "partitions"]
Scores = Literal["fp16", "int8"]

CHEAP = 50_000 * 384
"""Components that a thread scans in under 2 ms when it has a core to itself."""
SCANNABLE = 3_000_000
"""Vectors whose codes one thread scans in about 15 ms."""
SHARE = 0.5
"""Of the memory there is, what vectors may take: the service, the engine and the page cache want some too."""

_CODE_COMPONENTS = 4
"""Components that share one 4-bit code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How vectors are kept: what is scanned, what precision scores come from, and why."""

    scan: Scan
    scores: Scores
    reason: str

    def describe(self, passages: int, dimension: int) -> str:
        """What FAISS's index factory calls it."""
        kept = "SQfp16" if self.scores == "fp16" else "SQ8"
        if self.scan == "exact":
            return kept
        codes = f"PQ{count_codes(dimension)}x4fs,Refine({kept})"
        return codes if self.scan == "codes" else f"IVF{count_partitions(passages)},{codes}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorsNote:
    """What a manifest says of one file of vectors.

    `rescored` is how many candidates per wanted hit are scored again (1: none are), `probed` how many
    partitions are looked into (0: there are none). `recall_at_10` is measured when it is written, against
    all vectors in fp32, with midpoints of two stored vectors for questions, scores within .001 being equal.
    """

    scan: Scan
    scores: Scores
    factory: str
    rescored: int
    probed: int
    recall_at_10: float
    bytes_per_passage: int
    reason: str


def choose_family(passages: int, dimension: int, memory_bytes: int) -> Family:
    """The family for that many vectors on a machine, or in a container, with that much memory."""
    count = f"{passages:,} passages"
    if passages * dimension <= CHEAP:
        return Family(scan="exact", scores="fp16", reason=f"{count}: scanning them all takes no longer")
    full = passages * (2 * dimension + dimension // 8)
    fits = full <= SHARE * memory_bytes
    room = f"{full / 1e9:.1f} GB in fp16, {memory_bytes / 1e9:.1f} GB of memory"
    return Family(
        scan="codes" if passages <= SCANNABLE else "partitions",
        scores="fp16" if fits else "int8",
        reason=f"{count}: too many to scan whole; {room}{'' if fits else ', so 8 bits'}",
    )


def read_memory() -> int:
    """Bytes of memory this process may use: the machine's, or what its container is given of it."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return machine
    return min(machine, int(limit)) if limit.isdecimal() else machine


def count_codes(dimension: int) -> int:
    """Codes per vector: one for four components, or the next smaller number that divides them evenly."""
    return next(
        codes for codes in range(max(1, dimension // _CODE_COMPONENTS), 0, -1) if not dimension % codes
    )


def count_partitions(passages: int) -> int:
    """Four times the square root, as FAISS's guide to choosing an index has it."""
    return max(1, round(4 * math.sqrt(passages)))
