"""A version as a folder for others: what peft and the Hugging Face hub expect, and nothing else.

adapter_config.json          with the base's name, and no folder of ours
adapter_model.safetensors    the version's own, byte for byte
README.md                    the model card
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from train.card.card import Card
from train.card.errors import PublishingRefused
from train.card.markdown import render_card
from train.lora.files import file_sha256, sync_folder, write_whole

CONFIG, WEIGHTS, README = "adapter_config.json", "adapter_model.safetensors", "README.md"
_BASE = "base_model_name_or_path"


def publish(version: Path, card: Card, out: Path, *, sha256: str, base: str) -> tuple[Path, ...]:
    """Write the version in the folder `version`, its card beside it, into the new folder `out`.

    `sha256` is what its weights have to have, `base` what its base is called. Gives the files. Raises
    PublishingRefused where `out` holds something, or the version is not as it was made; and OSError.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PublishingRefused(f"Expected {out} to be a new folder, found something there. Name another.")
    config = _read_config(version / CONFIG)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        shutil.copyfile(version / WEIGHTS, draft / WEIGHTS)
        if (found := file_sha256(draft / WEIGHTS)) != sha256:
            raise PublishingRefused(
                f"{WEIGHTS} of {version.name}: expected SHA-256 {sha256}, found {found}. Put the version "
                "back from a copy."
            )
        text = json.dumps({**config, _BASE: base}, ensure_ascii=False, indent=2) + "\n"
        write_whole(draft / CONFIG, text.encode())
        write_whole(draft / README, render_card(card).encode())
        draft.chmod(0o755)
        sync_folder(draft)
        draft.replace(out)
        sync_folder(out.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return tuple(out / name for name in (CONFIG, WEIGHTS, README))


def _read_config(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PublishingRefused(
            f"{path.name} of {path.parent.name} cannot be read ({error}). Put the version back from a copy."
        ) from error
    if not isinstance(found, dict):
        raise PublishingRefused(
            f"{path.name} of {path.parent.name}: expected a JSON object, found another value. Put the "
            "version back from a copy."
        )
    return found
