"""The environment of a run's process: no network, nobody told, the same sums each time on a GPU, no memory
wasted.

Set before anything heavy is imported.
"""

from __future__ import annotations

import os

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "WANDB_DISABLED": "true",
}

REPEATABLE = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
"""Without it NVIDIA's library may add in another order each time."""

SPARING = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64"}
"""oneDNN keeps 1,024 prepared products otherwise, one for each length of a row: memory, and no faster."""


def stay_offline() -> None:
    """Keep what is imported from now on from any network."""
    os.environ.update({**OFFLINE, **REPEATABLE, **SPARING})
