"""What the machine is, read from made-up /proc and /sys trees, and from the machine the tests run on."""

from __future__ import annotations

import os
from pathlib import Path

from serve.engine.machine import (
    GIB,
    Gpu,
    cpu_description,
    free_disk_gb,
    installed_versions,
    look_at_machine,
    memory_bytes,
    read_gpu_lines,
    usable_cores,
)

MEMINFO = "MemTotal:       16777216 kB\nMemFree:         1000000 kB\nMemAvailable:    8388608 kB\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_memory_without_a_limit_is_the_machine_s(tmp_path: Path) -> None:
    write(tmp_path, {"proc/meminfo": MEMINFO, "sys/fs/cgroup/memory.max": "max\n"})
    assert memory_bytes(tmp_path) == (16 * GIB, 8 * GIB)


def test_the_smallest_cgroup_limit_counts_and_page_cache_is_free(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/system.slice/room.service"
    write(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "proc/self/cgroup": "0::/system.slice/room.service\n",
            f"{group}/memory.max": "max",
            f"{group}/memory.current": "1",
            "sys/fs/cgroup/system.slice/memory.max": str(4 * GIB),
            "sys/fs/cgroup/system.slice/memory.current": str(3 * GIB),
            "sys/fs/cgroup/system.slice/memory.stat": f"anon 5\ninactive_file {GIB}\nactive_file {GIB // 2}\n",
        },
    )
    assert memory_bytes(tmp_path) == (4 * GIB, 2.5 * GIB)


def test_a_container_s_own_root_limits_it(tmp_path: Path) -> None:
    """Inside a container the path in /proc/self/cgroup may not exist below its /sys/fs/cgroup."""
    write(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "proc/self/cgroup": "0::/../../docker/abc\n",
            "sys/fs/cgroup/memory.max": str(2 * GIB),
            "sys/fs/cgroup/memory.current": str(GIB),
        },
    )
    assert memory_bytes(tmp_path) == (2 * GIB, GIB)


def test_the_older_cgroup_version_is_read_too(tmp_path: Path) -> None:
    older = {"limit": 3 * GIB, "usage": GIB}
    files = {f"sys/fs/cgroup/memory/memory.{key}_in_bytes": str(value) for key, value in older.items()}
    write(tmp_path, {"proc/meminfo": MEMINFO, **files})
    assert memory_bytes(tmp_path) == (3 * GIB, 2 * GIB)


def test_no_limit_of_the_older_version_is_a_huge_number(tmp_path: Path) -> None:
    older = {"limit": 9223372036854771712, "usage": GIB}
    files = {f"sys/fs/cgroup/memory/memory.{key}_in_bytes": str(value) for key, value in older.items()}
    write(tmp_path, {"proc/meminfo": MEMINFO, **files})
    assert memory_bytes(tmp_path) == (16 * GIB, 8 * GIB)


def test_a_quota_below_one_core_still_leaves_one(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))
    write(tmp_path, {"sys/fs/cgroup/cpu.max": "50000 100000"})
    assert usable_cores(tmp_path) == 1
    write(tmp_path, {"sys/fs/cgroup/cpu.max": "max 100000"})
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))


def test_the_cpu_s_features_are_picked_from_its_flags(tmp_path: Path) -> None:
    flags = "flags\t\t: fpu avx2 avx512f amx_bf16 xavx512_bf16"
    write(
        tmp_path, {"proc/cpuinfo": f"processor : 0\nmodel name : Some CPU 9000\n{flags}\n\nmodel name : B\n"}
    )
    assert cpu_description(tmp_path) == ("Some CPU 9000", ("avx2", "avx512f", "amx_bf16"))


def test_gpus_are_read_from_nvidia_smi_s_lines() -> None:
    told = "NVIDIA H200, 143771, 580.65.06\nNVIDIA-SMI has failed\nOdd, [N/A], 1\n"
    assert list(read_gpu_lines(told)) == [Gpu("NVIDIA H200", 143771 / 1024, "580.65.06")]


def test_this_machine_is_seen() -> None:
    machine = look_at_machine()
    assert machine.cores >= 1
    assert 0 < machine.memory_free_gb <= machine.memory_gb
    assert machine.versions["reading-room"] == installed_versions()["reading-room"]
    assert machine.versions["torch"].startswith("2.")
    assert machine.uses_gpu == (bool(machine.gpus) and "vllm" in machine.versions)


def test_disk_is_measured_where_the_folder_will_be(tmp_path: Path) -> None:
    assert 0 < free_disk_gb(tmp_path / "not" / "yet") < 1_000_000
