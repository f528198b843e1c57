"""Events survive kills, and curves leave out what a kill made void."""

from __future__ import annotations

from pathlib import Path

import pytest

from train.lora.events import Curves, EventLog, add_up_seconds, read_curves, read_events
from train.lora.fitting import describe_fit


def test_a_torn_line_is_passed_over_and_the_next_one_stands_alone(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    assert read_events(file) == []
    log = EventLog(file)
    log.add("message", "Ärger\nzwei", {"a": 1})
    log.close()
    with file.open("ab") as stream:
        stream.write(b'{"at": "2026", "level": "info", "ty')
    log = EventLog(file)
    log.add("done", "Done.")
    log.close()
    found = read_events(file)
    assert [(event.type, event.message, event.data) for event in found] == [
        ("message", "Ärger\nzwei", {"a": 1}),
        ("done", "Done.", {}),
    ]


@pytest.mark.parametrize("line", [b"[]", b"{}", b"\xff", b'{"type": "metrics"}', b"[" * 5000])
def test_what_is_no_event_is_passed_over(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "e").write_bytes(line + b"\n")
    assert read_events(tmp_path / "e") == []


def test_curves_and_seconds_over_several_processes(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "e")

    def step(number: int, loss: float, seconds: float) -> None:
        data = {"step": number, "train_loss": loss, "seconds": seconds, "cpu_seconds": seconds / 2}
        log.add("metrics", "", data)

    log.add("started", "")
    step(1, 3.0, 1.0)
    step(2, 2.0, 2.0)
    log.add("metrics", "", {"step": 2, "valid_loss": 2.5})
    step(3, 9.0, 3.0)
    log.add("started", "")
    log.add("resumed", "", {"step": 2})
    step(3, 1.5, 1.0)
    log.close()
    events = read_events(tmp_path / "e")
    assert read_curves(events) == Curves(((1, 3.0), (2, 2.0), (3, 1.5)), ((2, 2.5),))
    assert add_up_seconds(events) == (4.0, 2.0)


@pytest.mark.parametrize(
    ("valid", "verdict"),
    [
        ((), "unchecked"),
        (((0, 3.0),), "too early"),
        (((0, 3.0), (5, 2.0), (10, 1.5)), "learning"),
        (((0, 3.0), (5, 1.5), (10, 1.5)), "levelled off"),
        (((0, 3.0), (5, 1.5), (10, 1.8)), "memorising"),
        (((0, 3.0), (5, 2.98), (10, 2.96)), "nothing learnt"),
        (((0, 3.0), (5, 3.5), (10, 4.0)), "nothing learnt"),
    ],
)
def test_a_plain_sentence_says_how_it_stands(valid: tuple[tuple[int, float], ...], verdict: str) -> None:
    fit = describe_fit(Curves((), valid))
    assert fit.verdict == verdict and fit.sentence.endswith((".", ")."))
