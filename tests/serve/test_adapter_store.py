"""The adapter store: a version comes in whole and checked or not at all, whoever else is at it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from serve.adapters.base import BaseModel, read_base
from serve.adapters.folder import CONFIG, MANIFEST, NAME, WEIGHTS, AdapterFolder, check_adapter
from serve.adapters.store import AdapterStore, StoreFull
from serve.errors import BadRequest, Conflict, NotFound, ServeError
from serve.settings import BUNDLED_ADAPTERS, BUNDLED_READER
from tests.serve.made_adapters import make_adapter, make_base, write_peft_folder

WAIT_SECONDS = 60
ADD = """
import sys
from pathlib import Path
from serve.adapters.base import read_base
from serve.adapters.store import AdapterStore
from serve.errors import ServeError
root, model, source, name = sys.argv[1:5]
try:
    print(AdapterStore(Path(root)).add(Path(source), read_base(Path(model)), most_rank=16, name=name or None).name)
except ServeError as error:
    print(f"{type(error).__name__}: {error}")
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_base(tmp_path / "model")


@pytest.fixture
def base(model: Path) -> BaseModel:
    return read_base(model)


@pytest.fixture
def store(tmp_path: Path) -> AdapterStore:
    return AdapterStore(tmp_path / "data" / "adapters")


@pytest.fixture
def trained(tmp_path: Path, model: Path) -> Path:
    """What peft leaves: weights and config."""
    return write_peft_folder(tmp_path / "trained", model, seed=1)


def lies_there(store: AdapterStore) -> list[str]:
    """Everything in the store but its lock."""
    return sorted(entry.name for entry in store.root.iterdir() if entry.name != ".lock")


def start_add(
    store: AdapterStore, model: Path, source: Path, name: str = "", before: str = ""
) -> subprocess.Popen[str]:
    """An add in a process of its own, `before` run first in it."""
    arguments = [str(store.root), str(model), str(source), name]
    return subprocess.Popen(
        [sys.executable, "-c", before + ADD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# What comes in.


def test_what_peft_writes_becomes_the_next_version(
    store: AdapterStore, base: BaseModel, trained: Path
) -> None:
    (trained / "README.md").write_text("a model card")
    found = store.add(trained, base, most_rank=16, name="letters", lineage={"run": "r-1", "dataset": "d-2"})
    assert found.name == f"letters--v1-{digest(trained / WEIGHTS)[:8]}"
    assert (found.adapter, found.number, found.problems) == ("letters", 1, ())
    assert found.path == store.root.resolve() / found.name
    assert lies_there(store) == [found.name]
    assert (found.path / WEIGHTS).read_bytes() == (trained / WEIGHTS).read_bytes()
    manifest = json.loads((found.path / MANIFEST).read_text())
    assert manifest["base_sha256"] == base.sha256
    assert manifest["tokenizer_sha256"] == base.tokenizer_sha256
    assert manifest["files"] == {name: digest(trained / name) for name in (CONFIG, WEIGHTS)}
    assert {key: found.lineage[key] for key in ("run", "dataset")} == {"run": "r-1", "dataset": "d-2"}
    assert found.lineage["created"].endswith("+00:00")
    assert check_adapter(found.path, base, most_rank=16) == found


def test_a_version_keeps_its_name_and_every_byte(
    tmp_path: Path, store: AdapterStore, model: Path, base: BaseModel
) -> None:
    made = make_adapter(tmp_path / "elsewhere", model, "letters", 1, number=7, rank=4)
    found = store.add(made, base, most_rank=16)
    assert (found.name, found.number) == (made.name, 7)
    for name in (CONFIG, WEIGHTS, MANIFEST):
        assert (found.path / name).read_bytes() == (made / name).read_bytes()


def test_the_bundled_versions_come_in(store: AdapterStore) -> None:
    bundled = sorted(BUNDLED_ADAPTERS.iterdir())
    base = read_base(BUNDLED_READER)
    added = [store.add(folder, base, most_rank=8).name for folder in bundled]
    assert added == lies_there(store) == [folder.name for folder in bundled]


def test_a_version_is_read_only_for_everyone(store: AdapterStore, base: BaseModel, trained: Path) -> None:
    path = store.add(trained, base, most_rank=16, name="letters").path
    assert stat.S_IMODE(path.stat().st_mode) == 0o555
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()} == {0o444}


def test_each_adapter_counts_its_versions_by_itself(
    tmp_path: Path, store: AdapterStore, model: Path, base: BaseModel
) -> None:
    made = make_adapter(tmp_path / "elsewhere", model, "letters", 9, number=5)
    store.add(made, base, most_rank=16)
    names = []
    for seed, name in enumerate(("letters", "maps", "letters")):
        source = write_peft_folder(tmp_path / f"run-{seed}", model, seed)
        names.append(store.add(source, base, most_rank=16, name=name).name.rsplit("-", 1)[0])
    assert names == ["letters--v6", "maps--v1", "letters--v7"]


def test_the_same_version_twice_is_a_conflict_that_names_it(
    store: AdapterStore, base: BaseModel, trained: Path
) -> None:
    found = store.add(trained, base, most_rank=16, name="letters")
    for source, name in ((trained, "letters"), (found.path, None)):
        with pytest.raises(Conflict, match=f"there already, as {found.name}, with the same digest"):
            store.add(source, base, most_rank=16, name=name)
    assert lies_there(store) == [found.name]


def test_the_same_weights_with_another_scale_are_another_version(
    store: AdapterStore, base: BaseModel, trained: Path
) -> None:
    first = store.add(trained, base, most_rank=16, name="letters")
    config = json.loads((trained / CONFIG).read_text())
    (trained / CONFIG).write_text(json.dumps({**config, "lora_alpha": 1}))
    second = store.add(trained, base, most_rank=16, name="letters")
    assert (second.number, second.sha256) == (2, first.sha256)


def test_a_number_that_is_taken_by_other_weights_is_a_conflict(
    tmp_path: Path, store: AdapterStore, model: Path, base: BaseModel
) -> None:
    one, two = (make_adapter(tmp_path / "elsewhere", model, "letters", seed, number=3) for seed in (1, 2))
    store.add(one, base, most_rank=16)
    with pytest.raises(Conflict, match=f"Number 3 of letters is taken by {one.name}"):
        store.add(two, base, most_rank=16)
    assert lies_there(store) == [one.name]


# What is refused.


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


# What goes wrong with the machine.


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


def test_an_add_that_is_killed_leaves_no_version_and_its_rest_is_swept_when_old(
    store: AdapterStore, base: BaseModel, model: Path, trained: Path
) -> None:
    """Killed at its third file being synced: the weights lie there, the checks are still to come."""
    dying = (
        "import os, signal, sys\n"
        "sync, calls = os.fsync, []\n"
        "def die(descriptor):\n"
        "    sync(descriptor)\n"
        "    calls.append(1)\n"
        "    if len(calls) == 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.fsync = die\n"
    )
    child = start_add(store, model, trained, "letters", before=dying)
    child.communicate(timeout=WAIT_SECONDS)
    assert child.returncode == -signal.SIGKILL
    (rest,) = store.root.glob(".adding-*")
    assert (rest / WEIGHTS).read_bytes() == (trained / WEIGHTS).read_bytes()

    first = store.add(trained, base, most_rank=16, name="letters").name
    assert first.startswith("letters--v1-")
    assert lies_there(store) == [rest.name, first], "another add may still be writing there"

    two_hours_ago = time.time() - 7200
    for path in (*rest.iterdir(), rest):
        os.utime(path, (two_hours_ago, two_hours_ago))
    second = store.add(write_again(trained), base, most_rank=16, name="letters").name
    assert lies_there(store) == [first, second]


def write_again(trained: Path) -> Path:
    """Other weights in the same folder."""
    weights = load_file(trained / WEIGHTS)
    save_file({name: value * 2 for name, value in weights.items()}, trained / WEIGHTS)
    return trained


def test_an_interrupted_add_leaves_nothing(store: AdapterStore, model: Path, trained: Path) -> None:
    interrupted = (
        "import os, signal, sys\n"
        "sync = os.fsync\n"
        "def interrupt(descriptor):\n"
        "    sync(descriptor)\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "os.fsync = interrupt\n"
    )
    child = start_add(store, model, trained, "letters", before=interrupted)
    told, _ = child.communicate(timeout=WAIT_SECONDS)
    assert "KeyboardInterrupt" in told
    assert lies_there(store) == []


def test_adds_at_the_same_time_get_a_number_each(
    tmp_path: Path, store: AdapterStore, model: Path, base: BaseModel
) -> None:
    sources = [write_peft_folder(tmp_path / f"run-{seed}", model, seed) for seed in range(4)]
    children = [start_add(store, model, source, "letters") for source in sources]
    told = [child.communicate(timeout=WAIT_SECONDS)[0].strip() for child in children]
    assert lies_there(store) == sorted(told)
    numbers = [matched["number"] for name in told if (matched := NAME.fullmatch(name))]
    assert sorted(numbers) == ["1", "2", "3", "4"]
    found = [check_adapter(store.root / name, base, most_rank=16) for name in told]
    assert [version.problems for version in found] == [()] * 4
    assert [version.sha256 for version in found] == [digest(source / WEIGHTS) for source in sources]


def test_of_the_same_adapter_added_at_the_same_time_one_wins_and_the_other_is_told(
    store: AdapterStore, model: Path, trained: Path
) -> None:
    children = [start_add(store, model, trained, "letters") for _ in range(2)]
    told = sorted(child.communicate(timeout=WAIT_SECONDS)[0].strip() for child in children)
    assert told[0] == f"Conflict: This version is there already, as {told[1]}, with the same digest."
    assert lies_there(store) == [told[1]]


# What is found and removed.


@pytest.fixture
def version(store: AdapterStore, base: BaseModel, trained: Path) -> AdapterFolder:
    return store.add(trained, base, most_rank=16, name="letters")


def test_a_version_is_found_by_its_exact_name(store: AdapterStore, version: AdapterFolder) -> None:
    assert store.find(version.name) == version.path


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".lock",
        "../secret--v1-00000000",
        "letters",
        "secret--v1-00000000",
        "letters--v1-00000000\0",
    ],
)
def test_a_name_that_is_no_version_is_not_found(
    tmp_path: Path, store: AdapterStore, version: AdapterFolder, name: str
) -> None:
    (tmp_path / "secret--v1-00000000").mkdir()
    (store.root / "secret--v1-00000000").symlink_to(tmp_path / "secret--v1-00000000")
    with pytest.raises(NotFound):
        store.find(name)
    with pytest.raises(NotFound):
        store.purge(name)
    assert (tmp_path / "secret--v1-00000000").is_dir()
    assert version.path.is_dir()


def test_a_purged_version_is_gone_and_its_name_and_number_stay_taken(
    tmp_path: Path, store: AdapterStore, model: Path, base: BaseModel, version: AdapterFolder, trained: Path
) -> None:
    store.purge(version.name)
    with pytest.raises(NotFound):
        store.find(version.name)
    assert lies_there(store) == [f".purged-{version.name}"]
    assert list((store.root / f".purged-{version.name}").iterdir()) == []
    again = make_adapter(tmp_path / "elsewhere", model, "letters", 1)
    assert again.name == version.name
    with pytest.raises(Conflict, match="was purged; its name is not used again"):
        store.add(again, base, most_rank=16)
    assert store.add(trained, base, most_rank=16, name="letters").number == 2


def test_what_a_killed_purge_left_is_deleted_by_the_next_add(
    tmp_path: Path, store: AdapterStore, model: Path, base: BaseModel, version: AdapterFolder
) -> None:
    left = version.path.rename(store.root / f".purged-{version.name}")
    source = write_peft_folder(tmp_path / "next", model, 2)
    added = store.add(source, base, most_rank=16, name="letters")
    assert added.number == 2
    assert list(left.iterdir()) == []
    assert lies_there(store) == [left.name, added.name]


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.01)
