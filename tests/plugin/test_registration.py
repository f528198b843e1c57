"""What `register` does to a vLLM process, each time in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from serve.engine.machine import look_at_machine
from serve.settings import BUNDLED_READER, child_environment

PROGRAM = """
import json, sys
from reading_room_engine import register
register()
register()
early = "vllm.lora.layers" in sys.modules
import vllm.lora.worker_manager as workers
from vllm.platforms import current_platform
kind = workers.LRUCacheWorkerLoRAManager
print(json.dumps({
    "imported at once": early,
    "cpu": current_platform.is_cpu(),
    "operators": current_platform.get_punica_wrapper(),
    "tested": hasattr(kind.create_lora_manager, "reading_room"),
    "tested once": not hasattr(kind.create_lora_manager.__wrapped__, "reading_room"),
}))
"""


def test_register_waits_for_the_process_that_works_with_adapters() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    ours = "reading_room_engine.rows.GroupedRows"
    assert found["operators"] == ours if found["cpu"] else found["operators"] != ours
    assert (found["imported at once"], found["tested"], found["tested once"]) == (False, True, True)


REFUSED = """
import sys
import reading_room_engine.installation as installation
installation.install_operators = lambda platform: False  # as if vLLM's own, which mix rows up, were kept
from vllm import LLM
LLM(sys.argv[1], enable_lora=True, max_loras=2, max_lora_rank=8, max_model_len=512, kv_cache_memory_bytes=2**27)
print("THE ENGINE STARTED")
"""


@pytest.mark.skipif(bool(look_at_machine().gpus), reason="vLLM's own operators are wrong on CPU only")
def test_an_engine_that_mixes_rows_up_does_not_start() -> None:
    plan = {"VLLM_PLUGINS": "reading_room", "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_HOST_IP": "127.0.0.1",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1", "TORCHDYNAMO_DISABLE": "1"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", REFUSED, str(BUNDLED_READER)],
        capture_output=True, text=True, timeout=300, env=child_environment(plan),
    )  # fmt: skip

    assert done.returncode != 0
    assert "THE ENGINE STARTED" not in done.stdout
    assert "RowsMixedUp: LoRA self-test failed on model." in done.stderr
    assert "Remedy: install the reading-room-engine plugin made for this vLLM" in done.stderr
