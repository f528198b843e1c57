"""The store of adapter versions: added once, never changed, found by name, purged for ever."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from pathlib import Path

import pytest

from serve.adapters.base import BaseModel, read_base
from serve.adapters.folder import CONFIG, MANIFEST, NAME, WEIGHTS, AdapterFolder, check_adapter
from serve.adapters.store import AdapterStore
from serve.errors import Conflict, NotFound
from serve.settings import BUNDLED_ADAPTERS, BUNDLED_READER
from tests.serve.made_adapters import make_adapter, write_peft_folder
from tests.serve.store_parts import WAIT_SECONDS, digest, lies_there, start_add, write_again


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
