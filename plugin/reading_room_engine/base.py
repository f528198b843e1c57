"""The digest that names a base model, where no gateway is at hand to tell it to the engine:

python3 -m reading_room_engine.base /srv/model
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

_INDEX = "model.safetensors.index.json"


def digest_weights(model: Path) -> str:
    """The SHA-256 of the weights file; of several, that of their sorted lines "<file name> <SHA-256>\\n".

    Several are those that the index of a sharded model names, else every safetensors file in the folder.
    Raises OSError where one cannot be read, ValueError where there are none.
    """
    digests = {path.name: _digest(path) for path in _list_weights(model)}
    if not digests:
        raise ValueError(f"{model} holds no .safetensors weights")
    if len(digests) == 1:
        return next(iter(digests.values()))
    return hashlib.sha256(
        "".join(f"{name} {digests[name]}\n" for name in sorted(digests)).encode()
    ).hexdigest()


def _list_weights(model: Path) -> list[Path]:
    index = model / _INDEX
    if not index.is_file():
        return list(model.glob("*.safetensors"))
    names = set(json.loads(index.read_bytes())["weight_map"].values())
    return [model / name for name in names]


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    print(digest_weights(Path(sys.argv[1])))  # noqa: T201 # its only result
