"""The machine a run is on: its device, memory, disk, versions, and what the run took of them."""

from __future__ import annotations

import os
import platform
import resource
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from train.lora.choosing import Device

_PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "safetensors",
    "tokenizers",
    "numpy",
    "bitsandbytes",
    "opacus",
    "codecarbon",
)
_BF16 = {"avx512_bf16", "amx_bf16", "bf16"}
"""Names that Linux gives to instructions that compute in bfloat16, on x86 and on Arm."""


def find_device(context: int = 0, width: int = 0) -> Device:
    """The GPU where PyTorch sees one, else the cores that this process may use; for a base of `context`
    tokens and hidden states of `width`."""
    import torch

    threads = len(os.sched_getaffinity(0))
    if torch.cuda.is_available():
        return Device("cuda", threads, torch.cuda.is_bf16_supported(), context, width)
    bf16 = bool(_BF16 & set(_read_cpu("flags", "Features").split()))
    return Device("cpu", threads, bf16, context, width)


def free_memory() -> int:
    """Bytes that this process may still take: what Linux calls available, within the limit of its group."""
    free = 2**62
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    group = Path("/sys/fs/cgroup")
    try:
        most, used = (group / "memory.max").read_text().strip(), (group / "memory.current").read_text()
        return min(free, int(most) - int(used)) if most != "max" else free
    except (OSError, ValueError):
        return free


def free_gpu_memory() -> tuple[int, int]:
    """Bytes free on the first GPU and all that it has; (0, 0) without one."""
    import torch

    if not torch.cuda.is_available():
        return 0, 0
    free, total = torch.cuda.mem_get_info()
    return int(free), int(total)


def free_disk(folder: Path) -> int:
    """Bytes free where a folder is, or would be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def peak_memory() -> int:
    """The most bytes this process has had in memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def peak_gpu_memory() -> int:
    """The most bytes PyTorch has had on the GPU so far; 0 without one."""
    import torch

    return int(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else 0


def describe_hardware(threads: int) -> dict[str, Any]:
    """What the run was on, for its record. No name of the machine and nobody's."""
    import torch

    told: dict[str, Any] = {
        "cpu": _read_cpu("model name", "Processor") or platform.machine(),
        "cores": os.cpu_count() or 1,
        "threads": threads,
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.machine()}",
    }
    if torch.cuda.is_available():
        told["gpu"] = torch.cuda.get_device_name(0)
        told["gpu_memory_bytes"] = free_gpu_memory()[1]
    return told


def list_versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    told = {"python": platform.python_version()}
    for name in (*_PACKAGES, "reading-room"):
        try:
            told[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return told


def _read_cpu(*keys: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in keys:
            return value.strip()
    return ""
