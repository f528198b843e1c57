"""What `register` does to a vLLM process, each time in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

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
