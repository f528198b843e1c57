"""The base's digest as an engine reads it by itself is the one that the gateway reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reading_room_engine.base import digest_weights
from serve.adapters.folder import weights_sha256
from serve.settings import BUNDLED_READER

OF_X = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
"""SHA-256 of the letter x."""


def test_of_one_file_it_is_the_file_s() -> None:
    assert digest_weights(BUNDLED_READER) == weights_sha256(BUNDLED_READER)


@pytest.mark.parametrize("indexed", [("b", "a"), ("a",), ("b", "a", "c")])
def test_of_several_it_is_that_of_their_digests_as_the_index_names_them(
    tmp_path: Path, indexed: tuple[str, ...]
) -> None:
    for name in "abc":
        (tmp_path / f"{name}.safetensors").write_bytes(b"x" if name == "a" else name.encode())
    without = digest_weights(tmp_path)
    assert without == weights_sha256(tmp_path)
    weights = {f"layer.{name}": f"{name}.safetensors" for name in indexed}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weights}))
    digest = digest_weights(tmp_path)
    assert digest == weights_sha256(tmp_path)
    assert (digest == OF_X) == (indexed == ("a",))
    assert (digest == without) == (len(indexed) == 3)


def test_it_is_written_out_for_a_shell(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reading_room_engine.base"]
    (tmp_path / "model.safetensors").write_bytes(b"x")
    assert subprocess.run([*command, tmp_path], capture_output=True, text=True).stdout == f"{OF_X}\n"
    (tmp_path / "model.safetensors").unlink()
    failed = subprocess.run([*command, tmp_path], capture_output=True, text=True)
    assert failed.returncode != 0
    assert "holds no .safetensors weights" in failed.stderr
