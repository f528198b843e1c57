"""A store, what peft leaves for it, and adds in processes of their own."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from safetensors.numpy import load_file, save_file

from serve.adapters.folder import WEIGHTS
from serve.adapters.store import AdapterStore

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


def write_again(trained: Path) -> Path:
    """Other weights in the same folder."""
    weights = load_file(trained / WEIGHTS)
    save_file({name: value * 2 for name, value in weights.items()}, trained / WEIGHTS)
    return trained


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.01)
