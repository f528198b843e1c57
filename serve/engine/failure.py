"""What an engine's log says about why it did not start, and what to do about it."""

from __future__ import annotations

import re

_PREFIX = re.compile(r"^(?:\([A-Za-z]+[^)]*\)\s*)?(?:(?:ERROR|CRITICAL)\s+[\d-]+ [\d:]+ \[[^\]]*\]\s*)?")
_RAISED = re.compile(r"^(?:[A-Za-z_][\w.]*(?:Error|Exception|Interrupt)|Value error)\b.*|^.*\berror: .*")
_HOLLOW = ("Engine core initialization failed", "WorkerProc initialization failed", "See root cause above")

_REMEDIES = (
    (r"No module named '?vllm", "Run `make install`: the engine's package is missing."),
    (r"torchvision|torchaudio|torchcodec", "Run `make install`: a CUDA build stands beside a CPU torch."),
    (
        r"out of memory|available memory|Cannot allocate|available KV cache",
        "Free some memory, or lower READING_ROOM_ENGINE_CONTEXT or READING_ROOM_ENGINE_MEMORY_GB.",
    ),
    (
        r"max_model_len|max_position_embeddings",
        "Lower READING_ROOM_ENGINE_CONTEXT, or set it to 0 to have it chosen.",
    ),
    (
        r"config\.json|offline mode|LocalEntryNotFound|Repo id|couldn't connect|Can't load",
        "Set READING_ROOM_MODEL to a whole model folder, or download it first: hf download NAME.",
    ),
    (r"safetensors|Safetensor|weights", "The model's weights are damaged or incomplete: copy them again."),
    (r"compiler|g\+\+|gcc|InvalidCxx", "Install a C++ compiler (Debian: apt-get install g++)."),
    (r"lscpu", "Install the command lscpu (Debian: apt-get install util-linux)."),
    (r"chat template", "Set READING_ROOM_MODEL to an instruct model: this one has no chat template."),
    (r"No space left", "Free disk space where READING_ROOM_DATA is."),
    (
        r"unrecognized arguments",
        "Run `make install`: the engine is another version than this service expects.",
    ),
)


def explain_failure(log: str) -> str:
    """The last error in the log that says something, on one line, and its remedy where one is known."""
    line = _last_error(log)
    if not line:
        return "it wrote no error."
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, line, re.IGNORECASE):
            return f"{line} {remedy}"
    return line


def _last_error(log: str) -> str:
    """The deepest cause: the last raised error that is not just one process reporting another's."""
    found = ""
    for raw in log.splitlines():
        line = _PREFIX.sub("", raw).strip()
        if _RAISED.match(line) and not any(hollow in line for hollow in _HOLLOW):
            found = line
    return found[:400]
