"""What the store refuses, and that nothing of it is left behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from serve.adapters.base import BaseModel
from serve.adapters.folder import CONFIG, MANIFEST, WEIGHTS
from serve.adapters.store import AdapterStore, StoreFull
from serve.errors import BadRequest, ServeError
from tests.serve.made_adapters import make_adapter, make_base, write_peft_folder
from tests.serve.store_parts import WAIT_SECONDS, lies_there, start_add, wait_for


def flip_a_weight(source: Path) -> None:
    data = bytearray((source / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (source / WEIGHTS).write_bytes(data)


def zero_b(source: Path) -> None:
    weights = load_file(source / WEIGHTS)
    save_file(
        {name: np.zeros_like(value) if "lora_B" in name else value for name, value in weights.items()},
        source / WEIGHTS,
    )


def cut(source: Path) -> None:
    (source / WEIGHTS).write_bytes((source / WEIGHTS).read_bytes()[:-4])


def link(source: Path) -> None:
    (source / WEIGHTS).rename(source.parent / "weights")
    (source / WEIGHTS).symlink_to(source.parent / "weights")


def pipe(source: Path) -> None:
    (source / CONFIG).unlink()
    os.mkfifo(source / CONFIG)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (zero_b, "zero, so it changes nothing"),
        (cut, "where its header says"),
        (link, f"{WEIGHTS} is not a plain file"),
        (pipe, f"{CONFIG} is not a plain file"),
        (lambda source: (source / "optimizer.pt").write_bytes(b"\x80\x04."), "optimizer.pt does not belong"),
        (lambda source: (source / "adapter_model.bin").write_bytes(b"\x80\x04."), "bin does not belong"),
        (lambda source: (source / "checkpoint-10").mkdir(), "checkpoint-10 does not belong"),
        (lambda source: (source / WEIGHTS).unlink(), f"{WEIGHTS} is missing"),
        (lambda source: (source / CONFIG).write_text("{}"), "peft_type: expected LORA, found None"),
        (lambda source: (source / MANIFEST).write_text("{}"), "A folder with a manifest.json is a version"),
        (lambda source: source.rename(source.with_name("moved")), "is not a folder that can be read"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    store: AdapterStore,
    base: BaseModel,
    trained: Path,
    damage: Callable[[Path], object],
    expected: str,
) -> None:
    damage(trained)
    with pytest.raises(BadRequest, match=expected):
        store.add(trained, base, most_rank=16, name="letters")
    assert lies_there(store) == []


@pytest.mark.parametrize(
    "name", [None, "", "Letters", "../letters", "/etc/passwd", "l\u0435tters", "a--b", "letters\n", "l" * 42]
)
def test_a_name_that_is_none_is_refused(
    store: AdapterStore, base: BaseModel, trained: Path, name: str | None
) -> None:
    with pytest.raises(BadRequest, match="Expected the adapter's name"):
        store.add(trained, base, most_rank=16, name=name)
    assert lies_there(store) == []


@pytest.mark.parametrize("name", ["text", "input", "base", "default", "reader"])
def test_a_reserved_name_is_refused(store: AdapterStore, base: BaseModel, trained: Path, name: str) -> None:
    with pytest.raises(BadRequest, match=f"cannot be called {name}"):
        store.add(trained, base, most_rank=16, name=name, base_names=("reader",))
    assert lies_there(store) == []


def test_an_altered_version_is_refused(
    tmp_path: Path, store: AdapterStore, model: Path, base: BaseModel
) -> None:
    made = make_adapter(tmp_path / "elsewhere", model, "letters", 1)
    flip_a_weight(made)
    with pytest.raises(BadRequest, match="is not the file that manifest.json describes"):
        store.add(made, base, most_rank=16)
    with pytest.raises(BadRequest, match="is a version of letters, not of 'maps'"):
        store.add(made, base, most_rank=16, name="maps")
    with pytest.raises(BadRequest, match="has its lineage in its manifest.json"):
        store.add(made, base, most_rank=16, lineage={"run": "r-1"})
    assert lies_there(store) == []


def test_a_rank_above_the_engines_and_another_base_are_refused(
    tmp_path: Path, store: AdapterStore, model: Path, base: BaseModel
) -> None:
    high = write_peft_folder(tmp_path / "high", model, 1, rank=32)
    with pytest.raises(BadRequest, match="expected 16 at most, as the engine was started with, found 32"):
        store.add(high, base, most_rank=16, name="letters")
    other = write_peft_folder(tmp_path / "other", make_base(tmp_path / "wide", width=64), 1)
    with pytest.raises(BadRequest, match="made for layers of another size"):
        store.add(other, base, most_rank=16, name="letters")
    with pytest.raises(BadRequest, match="its base is not known"):
        store.add(high, None, most_rank=32, name="letters")
    with pytest.raises(BadRequest, match="The lineage cannot be written as JSON"):
        store.add(high, base, most_rank=32, name="letters", lineage={"run": object()})
    assert lies_there(store) == []


def test_a_link_to_a_folder_is_refused(
    tmp_path: Path, store: AdapterStore, base: BaseModel, trained: Path
) -> None:
    (tmp_path / "link").symlink_to(trained, target_is_directory=True)
    with pytest.raises(BadRequest, match="is not a folder that can be read"):
        store.add(tmp_path / "link", base, most_rank=16, name="letters")


def test_files_that_grow_while_they_are_copied_are_refused(
    store: AdapterStore, base: BaseModel, trained: Path
) -> None:
    writing = (
        "import os, sys\nstream = open(sys.argv[1], 'ab', buffering=0)\nwhile True:\n    stream.write(b'x')\n"
    )
    size = (trained / WEIGHTS).stat().st_size
    writer = subprocess.Popen([sys.executable, "-c", writing, str(trained / WEIGHTS)])
    try:
        wait_for(lambda: (trained / WEIGHTS).stat().st_size > size)
        with pytest.raises(BadRequest, match="changed while it was copied"):
            store.add(trained, base, most_rank=16, name="letters")
    finally:
        writer.kill()
        writer.wait(WAIT_SECONDS)
    assert lies_there(store) == []


@pytest.mark.parametrize("room", [0, 2_000])
def test_a_full_disk_leaves_nothing_and_says_what_to_do(
    store: AdapterStore, model: Path, trained: Path, room: int
) -> None:
    """The limit on a file's size stands in for the disk's: a real write really fails in the midst."""
    assert (trained / WEIGHTS).stat().st_size > room
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))\n"
    child = start_add(store, model, trained, "letters", before=limit + "import sys\n")
    told, _ = child.communicate(timeout=WAIT_SECONDS)
    assert told.startswith(f"StoreFull: There is no room in {store.root}"), told
    assert "purging retired versions, and add it again" in told
    assert lies_there(store) == []


def test_a_full_file_system_leaves_nothing_and_works_again_with_room(
    tmp_path: Path, base: BaseModel, trained: Path
) -> None:
    mounted = tmp_path / "small"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40k", "none", str(mounted)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system can be mounted by root only")
    try:
        store = AdapterStore(mounted / "adapters")
        (mounted / "other").write_bytes(b"x" * 24_000)
        with pytest.raises(StoreFull, match="No space left on device") as raised:
            store.add(trained, base, most_rank=16, name="letters")
        assert isinstance(raised.value.__cause__, OSError)
        assert raised.value.__cause__.errno == errno.ENOSPC
        assert lies_there(store) == []
        (mounted / "other").unlink()
        assert store.add(trained, base, most_rank=16, name="letters").number == 1
    finally:
        subprocess.run(["umount", str(mounted)], check=True)


def test_a_store_that_cannot_be_made_is_told(tmp_path: Path, base: BaseModel, trained: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ServeError, match="cannot be kept in .*; check both folders"):
        AdapterStore(tmp_path / "file").add(trained, base, most_rank=16, name="letters")
