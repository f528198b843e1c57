"""Adapters on a live engine, held to their aims: `make bench-adapters`.

Three parts: the engine's operators beside vLLM's own (`tests.bench.adapters_engine`), gateways with patrons
on them (`tests.bench.adapters_gateway`), and the fault table (`tests.serve.adapter_faults`). Each module says
what its keys mean. Where one figure stands for two models, it is the worse one's. Prints a table, then one JSON
object with all keys.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.adapters_engine import measure_engine
from tests.bench.adapters_gateway import measure_gateway
from tests.bench.adapters_site import end_in_good_order
from tests.serve.adapter_faults import run_faults
from tests.service import STAFF_KEY, run_service

Figures = dict[str, float]

MODELS = ("reader", "random")
WORSE: dict[str, Callable[..., float]] = {
    "mix_ratio_1": min, "mix_ratio_4": min, "mix_ratio_8": min, "prefill_ratio": max, "rows_equal": min,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aim:
    """What a key should be: at least or at most `limit`. `stock`: as measured before, where not here."""

    key: str
    what: str
    limit: float
    at_least: bool = False
    stock: str = ""

    def is_met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


AIMS = (
    Aim("mix_ratio_1", "tokens/s, 1 adapter over base", 0.90, at_least=True),
    Aim("mix_ratio_4", "tokens/s, 4 adapters over base", 0.90, at_least=True),
    Aim("mix_ratio_8", "tokens/s, 8 adapters over base", 0.90, at_least=True),
    Aim("prefill_ratio", "prefill of 512 tokens over base", 1.10),
    Aim("rows_equal", "rows of a mixed batch equal to alone", 1.0, at_least=True),
    Aim("promote_ms_warm", "promotion to first token, loaded (ms over base)", 5),
    Aim("promote_ms_cold", "promotion to first token, never loaded (ms over base)", 250),
    Aim("pause_ms", "longest pause of others while loading (ms)", 100),
    Aim("swaps_failed", "chats failed during 100 swaps, 100 rollbacks", 0),
    Aim("swaps_wrong", "chats answered by the wrong version meanwhile", 0),
    Aim("rollback_s_p99", "rollback until the last process switched (s)", 1),
    Aim("engine_deaths", "engines that died of the fault table", 0, stock="2"),
    Aim("silent_wrong", "faults that went through in silence", 0, stock="3"),
)


def take_worse(figures: Mapping[str, float]) -> Figures:
    """One figure for both models, of the plugin's and of stock."""
    found: Figures = {}
    for prefix in ("", "stock_"):
        for key, worse in WORSE.items():
            values = [figures[name] for model in MODELS if (name := f"{prefix}{model}_{key}") in figures]
            if values:
                found[f"{prefix}{key}"] = worse(values)
    return found


def measure_operators(repeats: int) -> Figures:
    """The engine's part."""
    figures = measure_engine(repeats)
    return take_worse(figures) | figures


def measure_faults(_repeats: int) -> Figures:
    """engine_deaths and silent_wrong of the fault table; what went wrong is printed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scratch").mkdir()
        with run_service(folder / "data", staff_key=STAFF_KEY) as service:
            report = run_faults(service, folder / "scratch")
    for case in report.cases:
        if case.died or case.wrong:
            print(f"  {case.name}: {'the engine died; ' if case.died else ''}{'; '.join(case.wrong)}"[:500])
    return {
        "engine_deaths": report.engine_deaths,
        "silent_wrong": report.silent_wrong,
        "faults": len(report.cases),
    }


PARTS: dict[str, Callable[[int], Figures]] = {
    "engine": measure_operators,
    "gateway": measure_gateway,
    "faults": measure_faults,
}


def show_table(figures: Figures) -> None:
    """What was aimed at and what was measured, stock beside it."""
    print(f"\n{'':56}{'aim':>10}{'measured':>11}{'stock':>9}")
    for aim in AIMS:
        if aim.key not in figures:
            continue
        value = figures[aim.key]
        limit = f"{'>=' if aim.at_least else '<='} {aim.limit:g}"
        stock = f"{figures[name]:.3g}" if (name := f"stock_{aim.key}") in figures else aim.stock
        missed = "" if aim.is_met(value) else "  missed"
        print(f"{aim.what:56}{limit:>10}{value:>11.4g}{stock:>9}{missed}")
    print("stock: vLLM's own operators measured here; of the fault table, as in its reference\n")


def main() -> int:
    """Measure and print; the last line is JSON."""
    end_in_good_order()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=list(PARTS), help="one part")
    arguments = parser.parse_args()
    figures: Figures = {}
    for name in [arguments.only] if arguments.only else PARTS:
        began = time.monotonic()
        print(f"{name}:", flush=True)
        figures |= PARTS[name](arguments.repeats)
        print(f"  {name} took {time.monotonic() - began:.0f} s", flush=True)
    show_table(figures)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
