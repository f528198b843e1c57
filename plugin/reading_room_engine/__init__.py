"""For vLLM: LoRA rows on CPU that are right and fast, adapters by exact name, a self-test at start.

Chosen by VLLM_PLUGINS=reading_room. vLLM then calls `register` in each of its processes.
"""

from __future__ import annotations

_registered = False


def register() -> None:
    """Register the resolver; have operators and self-test put in place where adapters are worked with.

    May be called any number of times. Costs nothing in a process that has no adapters.
    """
    global _registered
    if _registered:
        return
    _registered = True
    from .late_import import when_imported
    from .registration import register_resolver

    register_resolver()
    when_imported("vllm.lora.worker_manager", _on_worker_manager)


def _on_worker_manager(module: object) -> None:
    from .installation import install

    install(module)
