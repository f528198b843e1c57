"""Where and with what a run was made: versions, machine, most memory held."""

from __future__ import annotations

import os
import platform
import resource
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_PACKAGES = (
    "torch", "transformers", "sentence-transformers", "peft", "tokenizers", "onnxruntime", "faiss-cpu",
    "numpy",
)  # fmt: skip


def describe_circumstances() -> dict[str, Any]:
    """For the result's file; memory in MB."""
    import torch

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "versions": {"python": platform.python_version(), **dict(_list_versions())},
        "hardware": {
            "machine": platform.machine(),
            "cores": os.cpu_count() or 1,
            "threads": torch.get_num_threads(),
            "device": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu",
        },
        "peak_rss_mb": round(peak / (1e6 if sys.platform == "darwin" else 1e3)),
    }


def _list_versions() -> list[tuple[str, str]]:
    found = []
    for package in _PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return found
