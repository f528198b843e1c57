"""The rest of the stub: every room that is looked at, filled field by field out of the wire types."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.responses import Response
from pydantic import BaseModel

from serve.people.authority import Role
from serve.schemas import CollectionList
from serve.wire.adapters import AdapterInfo, AdapterList, AliasInfo, AliasList, EventList, RolloutReply
from serve.wire.comparisons import (
    ComparisonInfo,
    ComparisonList,
    OpenList,
    OutcomeReply,
    RatingList,
    TaskReply,
)
from serve.wire.conversations import ErasureInfo, ErasureList, PurgeList
from serve.wire.datasets import DatasetDetail, DatasetList, DiffReply, PreviewReply
from serve.wire.exchange import DraftReply, FormList, ImportReply
from serve.wire.inbox import CaseList
from serve.wire.instructions import InstructionEventList, InstructionList, ScopeReply, TrialList, TrialReply
from serve.wire.people import AddedKeyReply, AuditList, KeyList, PersonList
from serve.wire.settings import SettingsReply
from serve.wire.sources import SourceList
from serve.wire.usage import UsageReply
from tests.ui.desk.filled import fill
from tests.ui.desk.stub_desk import Stub
from tests.ui.desk.stub_training import TRAINING_ROOMS, add_training

READ: dict[str, type[BaseModel]] = {
    "/v1/retrieval-cases": CaseList,
    "/v1/pairs/forms": FormList,
    "/v1/collections": CollectionList,
    "/v1/datasets": DatasetList,
    "/v1/dataset-preview": PreviewReply,
    "/v1/datasets/{name}": DatasetDetail,
    "/v1/datasets/{before}/diff/{after}": DiffReply,
    "/v1/usage": UsageReply,
    "/v1/sources": SourceList,
    "/v1/audit": AuditList,
    "/v1/erasures": ErasureList,
    "/v1/purges": PurgeList,
    "/v1/settings": SettingsReply,
    "/v1/people": PersonList,
    "/v1/keys": KeyList,
    "/v1/adapters": AdapterList,
    "/v1/adapters/{name}": AdapterInfo,
    "/v1/aliases": AliasList,
    "/v1/aliases/{name:path}/rollout": RolloutReply,
    "/v1/adapter-events": EventList,
    "/v1/comparisons": ComparisonList,
    "/v1/comparisons/{name}": ComparisonInfo,
    "/v1/comparisons/{name}/result": OutcomeReply,
    "/v1/comparisons/{name}/task": TaskReply,
    "/v1/comparison-ratings": RatingList,
    "/v1/open-comparisons": OpenList,
    "/v1/instructions": InstructionList,
    "/v1/instructions/versions": ScopeReply,
    "/v1/instructions/trials": TrialList,
    "/v1/instructions/trials/{name}": TrialReply,
    "/v1/instructions/events": InstructionEventList,
}
DONE: dict[str, type[BaseModel]] = {
    "/v1/pairs/import": ImportReply,
    "/v1/pairs/drafts": DraftReply,
    "/v1/keys": AddedKeyReply,
    "/v1/erasures": ErasureInfo,
    "/v1/aliases/{name}/rollback": AliasInfo,
}
ROOMS = (
    "/inbox", "/inbox?state=judged", "/inbox/g2", "/cases", "/pairs", "/pairs?state=draft", "/pairs/new", "/pairs/p0",
    "/exchange/import", "/exchange/export", "/exchange/drafts", "/datasets", "/datasets/letters--v1-1a2b3c4d", "/usage",
    "/adapters", "/adapters/letters--v1-1a2b3c4d", "/comparisons", "/comparisons/c1",
    "/comparisons/c1/judge", "/instructions", "/instructions/of?kind=collection&name=marsh",
    "/instructions/trials/t1", "/sources", "/people", "/audit", "/audit/erasures", "/settings", "/me", "/keys",
    *TRAINING_ROOMS,
)  # fmt: skip
"""Every page of the desk that is looked at."""


def add_rooms(app: FastAPI, stub: Stub) -> None:
    """Answer for every room; call it before the stub's own routes of pairs, which would take its paths."""

    def add(method: str, path: str, kind: type[BaseModel]) -> None:
        def answer() -> Response:
            return Response(_fill(kind, stub).model_dump_json(warnings=False), media_type="application/json")

        app.add_api_route(path, answer, methods=[method])

    for path, kind in READ.items():
        add("GET", path, kind)
    for path, kind in DONE.items():
        add("POST", path, kind)
    add_training(app, stub)


def _fill(kind: type[BaseModel], stub: Stub) -> BaseModel:
    given: dict[str, Any] = {"role": Role.CURATOR}
    if kind is TrialReply:
        given["state"] = "finished"
    if kind is ComparisonInfo:
        given["state"] = "closed"
    filled = fill(kind, stub.say, **given)
    if isinstance(filled, TrialReply):
        for pair in filled.data[:1]:
            for answer in (pair.active, pair.proposed):
                assert answer
                answer.problem = ""
    return filled
