"""An adapter beside its base, and what its check finds wrong."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from serve.adapters.base import BaseModel
from serve.adapters.folder import (
    MANIFEST,
    WEIGHTS,
    check_adapter,
)
from tests.serve.made_adapters import write_manifest

TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}"

Q = "base_model.model.model.layers.0.self_attn.q_proj"

O = "base_model.model.model.layers.1.self_attn.o_proj"  # noqa: E741


def problems(adapter: Path, base: BaseModel | None, most_rank: int = 16) -> str:
    found = check_adapter(adapter, base, most_rank=most_rank, base_names=("reader",))
    return "\n".join(found.problems)


def rename_to_digest(adapter: Path) -> Path:
    """Describe changed files anew, so that only what they hold is wrong, and neither name nor digest."""
    write_manifest(adapter, json.loads((adapter / MANIFEST).read_text())["base_sha256"])
    digest = hashlib.sha256((adapter / WEIGHTS).read_bytes()).hexdigest()
    return adapter.rename(adapter.with_name(f"{adapter.name[:-8]}{digest[:8]}"))
