"""vLLM's own ways to load and unload adapters, guarded where a client could do harm through them.

Runtime loading must be allowed for a resolver to be asked at all, and opens POST /v1/load_lora_adapter,
/v1/unload_lora_adapter and SageMaker's /adapters with it (the last without an API key). All of them, and
--lora-modules, come through these methods of `OpenAIServingModels`. In vLLM 0.32

- loading takes any path, and a hub's name, unchecked; in place it reads the files again for every token,
  and a load that fails leaves half of the old weights and half of the new ones in force;
- unloading tells the engine nothing; loaded again, the version has two ids under one name, and a batch
  with both ends the engine;
- resolving keeps a lock for each name ever asked for, and a version whose weights do not fit stays in a
  slot although the loading failed.
"""

from __future__ import annotations

import os
from http import HTTPStatus

from vllm.entrypoints.openai.models.serving import OpenAIServingModels
from vllm.entrypoints.serve import create_error_response
from vllm.entrypoints.serve.engine.protocol import ErrorResponse
from vllm.entrypoints.serve.lora.protocol import LoadLoRAAdapterRequest, UnloadLoRAAdapterRequest
from vllm.lora.request import LoRARequest

from reading_room_engine.resolver import FolderResolver

_resolve_any = OpenAIServingModels.resolve_lora


def guard_endpoints(resolver: FolderResolver) -> None:
    """Have every way to an adapter lead through `resolver`."""

    async def resolve_lora(models: OpenAIServingModels, lora_name: str) -> LoRARequest | ErrorResponse:
        """As vLLM's own, for names that are loaded or in the shared folder; others leave no trace."""
        if lora_name not in models.lora_requests and not await resolver.offers(lora_name):
            return _refuse(HTTPStatus.NOT_FOUND, f"There is no adapter version {lora_name[:80]!r}.")
        found = await _resolve_any(models, lora_name)
        given = resolver.last_given(lora_name)
        if given is not None and isinstance(found, ErrorResponse):
            await models.engine_client.remove_lora(given.lora_int_id)
        return found

    async def load_lora_adapter(
        models: OpenAIServingModels, request: LoadLoRAAdapterRequest, base_model_name: str | None = None
    ) -> ErrorResponse | str:
        """Loads a version of the shared folder ahead of time, if it is named by its own path there."""
        name = request.lora_name
        own_path = os.path.join(resolver.versions.folder, name)
        if request.load_inplace or os.path.normpath(request.lora_path) != os.path.normpath(own_path):
            return _refuse(
                HTTPStatus.FORBIDDEN,
                "Adapters are loaded from the shared folder by their exact name, never in place: send a "
                "request with the version as its model.",
            )
        found = await models.resolve_lora(name)
        return found if isinstance(found, ErrorResponse) else f"Success: LoRA adapter '{name}' is loaded."

    async def unload_lora_adapter(
        models: OpenAIServingModels, request: UnloadLoRAAdapterRequest
    ) -> ErrorResponse:
        return _refuse(
            HTTPStatus.FORBIDDEN,
            "Adapters stay loaded: the same name loaded twice would end the engine. Stop asking for it; "
            "others take its place.",
        )

    OpenAIServingModels.resolve_lora = resolve_lora
    OpenAIServingModels.load_lora_adapter = load_lora_adapter
    OpenAIServingModels.unload_lora_adapter = unload_lora_adapter


def _refuse(status: HTTPStatus, message: str) -> ErrorResponse:
    kind = "NotFoundError" if status is HTTPStatus.NOT_FOUND else "ForbiddenError"
    return create_error_response(message, err_type=kind, status_code=status)
