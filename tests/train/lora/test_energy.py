"""What a run took of electricity, and how that is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from train.lora.energy import EnergyMeter


def test_without_a_country_nothing_but_the_machine_is_asked(tmp_path: Path) -> None:
    found = EnergyMeter("", tmp_path).read(3600.0, 1800.0, 300.0)
    assert "co2_kg" not in found
    if not found["measured"]:
        assert found["kwh"] == pytest.approx(0.010 + 0.150)
        assert found["how"] == "reckoned at 10 W for each busy core and 300 W for the GPU"


@pytest.mark.filterwarnings("ignore")  # codecarbon's own, about what it cannot measure here
def test_codecarbon_is_asked_offline_for_a_country(tmp_path: Path) -> None:
    found = EnergyMeter("NOR", tmp_path).read(1.0, 0.0, 0.0)
    assert found["how"] == "codecarbon, offline" and found["kwh"] >= 0.0
    assert 0.0 <= found["co2_kg"] <= found["kwh"]  # Norway's electricity is nearly all hydroelectric
    assert list(tmp_path.iterdir()) == []
