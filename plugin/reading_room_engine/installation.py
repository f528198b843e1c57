"""Put the operators and the self-test into vLLM, in the process that works with adapters."""

# ruff: noqa: ANN401  (vLLM's own interfaces are untyped)
from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from .self_test import check_rows
from .tensors import check_shapes

logger = logging.getLogger("vllm.reading_room_engine")

OPERATORS = "reading_room_engine.rows.GroupedRows"


def install(worker_manager: Any) -> None:
    """`worker_manager` is the module vllm.lora.worker_manager, just imported."""
    from vllm.lora.layers.base_linear import BaseLinearLayerWithLoRA
    from vllm.platforms import current_platform

    if current_platform.is_cpu() and install_operators(current_platform):
        kind = worker_manager.LRUCacheWorkerLoRAManager
        if not hasattr(kind._apply_adapters, "reading_room"):
            kind._apply_adapters = _brief(kind._apply_adapters)
    check_shapes(BaseLinearLayerWithLoRA)
    for kind in (worker_manager.WorkerLoRAManager, worker_manager.LRUCacheWorkerLoRAManager):
        method = kind.__dict__.get("create_lora_manager")
        if method is not None and not hasattr(method, "reading_room"):
            kind.create_lora_manager = _tested(method)


def install_operators(platform: Any) -> bool:
    """Replace the operators of a CPU platform where they are wrong, as tried on values; whether done."""
    from vllm.utils.import_utils import resolve_obj_by_qualname

    from .rows import stock_is_right, watch_slots

    stock = platform.get_punica_wrapper()
    if stock == OPERATORS:
        return True
    if stock_is_right(resolve_obj_by_qualname(stock)):
        logger.info("reading_room: %s gives every row its own adapter and is kept", stock)
        return False
    watch_slots()
    type(platform).get_punica_wrapper = classmethod(lambda _: OPERATORS)
    logger.info("reading_room: %s mixes up the rows of a batch and is replaced by %s", stock, OPERATORS)
    return True


def _tested(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, followed by the self-test: what that raises keeps the engine from starting."""

    @functools.wraps(method)
    def create(self: Any, *arguments: Any, **named: Any) -> Any:
        model = method(self, *arguments, **named)
        manager = self._adapter_manager
        check_rows(manager.modules, manager.lora_slots)
        return model

    create.reading_room = True  # type: ignore[attr-defined]
    return create


def _brief(method: Callable[..., None]) -> Callable[..., None]:
    """The method, which copies caches for each adapter of each step, left out where all are in place."""

    @functools.wraps(method)
    def apply(self: Any, requests: Any) -> None:
        manager = self._adapter_manager
        known, placed = manager._registered_adapters, manager._active_adapters
        ids = [request.lora_int_id for request in requests if request and not request.load_inplace]
        if len(ids) < len(requests) or not all(number in known and number in placed for number in ids):
            method(self, requests)
            return
        for number in ids:  # used just now, so the last to make room
            known.touch(number)
            placed.touch(number)

    apply.reading_room = True  # type: ignore[attr-defined]
    return apply
