"""Feedback that was acknowledged outlives a killed gateway; `tests.bench.desk_kills` kills a thousand."""

from __future__ import annotations

from pathlib import Path

from tests.bench.desk_kills import run_kills


def test_no_feedback_is_lost_or_doubled_by_kills(tmp_path: Path) -> None:
    figures = run_kills(tmp_path / "data", 15)
    assert figures["kills"] == 15 and int(str(figures["acknowledged"])) >= 15
    wanted = {"acknowledged_lost": 0, "doubled": 0, "torn": 0, "refused": 0, "database_whole": True}
    assert {name: figures[name] for name in wanted} == wanted
    assert figures["acknowledged"] == figures["sent"], (
        "everything that was sent came to be kept, some by a second try"
    )
