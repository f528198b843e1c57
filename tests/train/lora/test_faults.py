"""No room and no network: what the real thing does then."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.train.lora.made import ask_run, make_base, make_dataset, make_pairs, read_result
from tests.train.lora.processes import finish_run, limit_run
from train.lora.events import read_events
from train.lora.failing import explain
from train.lora.files import folder_sha256


def test_a_full_disk_ends_it_in_words_and_room_lets_it_go_on(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: writing the weights fails in the same way."""
    base = make_base(tmp_path / "base")
    version = make_dataset(tmp_path / "version", make_pairs(24), base)
    folder = ask_run(tmp_path / "run", base, version.path, epochs=1)
    code, said = limit_run(folder, resource.RLIMIT_FSIZE, 32_000)
    assert code == 3 and said.startswith(
        "The disk is full. What was learnt up to the last checkpoint is kept"
    )
    assert said.count("\n") == 1 and not (folder / "adapter").exists()
    assert not (folder / "result.json").exists()
    assert read_events(folder / "events.jsonl")[-1].type == "failed"
    assert finish_run(folder) == (0, "")
    undisturbed = ask_run(tmp_path / "other", base, version.path, epochs=1)
    assert finish_run(undisturbed) == (0, "")
    assert folder_sha256(folder / "adapter") == folder_sha256(undisturbed / "adapter")
    assert read_result(folder)["seconds"]["sessions"] == 2


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "The memory was not enough."),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: can't allocate memory"),
            "The memory",
        ),
        (OSError(28, "No space left on device"), "The disk is full."),
        (
            RuntimeError("PytorchStreamWriter failed writing file data/3: file write failed"),
            "The disk is full.",
        ),
    ],
)
def test_what_ran_out_is_told_from_the_libraries_errors(error: Exception, said: str) -> None:
    found = explain(error)
    assert found is not None and str(found).startswith(said)
    assert explain(ValueError("a fault of ours")) is None


def test_a_tensor_too_large_for_the_memory_is_one_of_them() -> None:
    import torch

    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**50, dtype=torch.float32)
    found = explain(raised.value)
    assert found is not None and str(found).startswith("The memory was not enough.")


def test_nobody_is_called(tmp_path: Path) -> None:
    """A run in a process whose every socket is written down opens none."""
    base = make_base(tmp_path / "base")
    version = make_dataset(tmp_path / "version", make_pairs(24), base)
    folder = ask_run(tmp_path / "run", base, version.path, epochs=1)
    code, said = finish_run(folder, watch_sockets=True)
    assert (code, said) == (0, "")
    assert (folder / "sockets").read_text() == ""
