"""What a run took of electricity: measured where the machine tells, else reckoned from what was busy."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

WATTS_A_CORE = 10.0
"""A busy server core with its share of memory and cooling, roughly; only where nothing measures."""
_RAPL = Path("/sys/class/powercap/intel-rapl:0")
_JOULES_A_KWH = 3.6e6


class EnergyMeter:
    """Started with the process's work, read at its end. codecarbon is asked only where it is installed and a
    country is named, and offline alone: its other tracker looks the machine's place up in the network."""

    def __init__(self, country: str, folder: Path) -> None:
        self._before = _read_rapl()
        self._tracker: Any = None
        if country and find_spec("codecarbon") is not None:
            from codecarbon import OfflineEmissionsTracker

            logging.getLogger("codecarbon").setLevel(logging.ERROR)  # before its first words, too
            self._tracker = OfflineEmissionsTracker(
                country_iso_code=country, save_to_file=False, log_level="error", output_dir=str(folder)
            )
            self._tracker.start()

    def read(self, cpu_seconds: float, gpu_seconds: float, gpu_watts: float) -> dict[str, Any]:
        """kWh and how they are known; emissions in kg of CO2 equivalent where codecarbon says them."""
        if self._tracker is not None:
            emissions = self._tracker.stop()
            found = self._tracker.final_emissions_data
            told = {"kwh": float(found.energy_consumed), "how": "codecarbon, offline", "measured": False}
            return {**told, "co2_kg": float(emissions or 0.0)}
        now = _read_rapl()
        if self._before is not None and now is not None and now >= self._before:
            joules = (now - self._before) / 1e6 + gpu_seconds * gpu_watts
            return {
                "kwh": joules / _JOULES_A_KWH,
                "how": "measured (RAPL, the whole processor)",
                "measured": True,
            }
        joules = cpu_seconds * WATTS_A_CORE + gpu_seconds * gpu_watts
        how = f"reckoned at {WATTS_A_CORE:g} W for each busy core"
        if gpu_seconds:
            how += f" and {gpu_watts:g} W for the GPU"
        return {"kwh": joules / _JOULES_A_KWH, "how": how, "measured": False}


def read_gpu_watts() -> float:
    """What the first GPU may draw at most, where its driver says so; 0 without one."""
    import torch

    if not torch.cuda.is_available():
        return 0.0
    try:
        return float(torch.cuda.power_draw()) / 1000
    except Exception:  # the driver's library is missing: it raises errors of several kinds
        return 300.0


def _read_rapl() -> float | None:
    """Microjoules the processor has counted so far; None where nobody may read them."""
    try:
        return float((_RAPL / "energy_uj").read_text())
    except (OSError, ValueError):
        return None
