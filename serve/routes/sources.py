"""`GET /v1/sources`: what the index is made from, for staff. Sources are changed by command only."""

from __future__ import annotations

import os
import re
from pathlib import Path

from fastapi import APIRouter, Depends

from retrieval.audience import STAFF
from retrieval.errors import RetrievalError
from retrieval.index import Index
from retrieval.sources.registry import Source, load_sources
from retrieval.store.catalog import SourceSummary
from retrieval.store.origins import Origin
from serve.people.access import require
from serve.people.authority import Action
from serve.service import Service, ServiceDep
from serve.settings_in_force import hide_credentials
from serve.wire.sources import FileProblem, SourceInfo, SourceList

router = APIRouter(prefix="/v1", dependencies=[Depends(require(Action.READ_SOURCES))])

MOST_PROBLEMS = 100
_BUILD = re.compile(r"build-(\d+)\.tmp")
"""Folder of an index build that is under way or was killed, with its process (`retrieval.store.snapshot`)."""
_LINE = re.compile(r":(\d+): (.*)", re.DOTALL)
_NOTHING = SourceSummary(files=(), records={})


@router.get("/sources")
def list_sources(service: ServiceDep) -> SourceList:
    """Every source as it is registered, with what the index in use has of it."""
    root = service.settings.index_root
    problems = []
    try:
        sources = load_sources(root)
    except RetrievalError as error:
        sources = []
        problems.append(str(error))
    index = _find_index(service, problems)
    held = index.sources() if index else {}
    titles = {one.id: one.title for one in index.collections(STAFF)} if index else {}
    return SourceList(
        total=len(sources),
        data=[_describe(source, held.get(source.name, _NOTHING), titles) for source in sources],
        index_version=index.version if index else "",
        records=index.manifest.records if index else 0,
        collections=index.manifest.collections if index else 0,
        refreshing=is_being_written(root),
        problem=" ".join(problems),
    )


def is_being_written(root: Path) -> bool:
    """Whether a living process of this machine is writing an index there. Takes no lock from it."""
    names = (_BUILD.fullmatch(path.name) for path in root.glob("build-*.tmp"))
    return any(_is_alive(int(found[1])) for found in names if found)


def describe_problem(origin: Origin, line: str) -> str:
    """A problem without the file's own path in front, since that is said beside it."""
    before, name, rest = line.partition(origin.name)
    if not name or ": " in before:
        return line
    if numbered := _LINE.match(rest):
        return f"line {numbered[1]}: {numbered[2]}"
    return rest.removeprefix(": ")


def _find_index(service: Service, problems: list[str]) -> Index | None:
    try:
        return service.library.current()
    except RetrievalError as error:
        problems.append(str(error))
        return None


def _describe(source: Source, held: SourceSummary, titles: dict[str, str]) -> SourceInfo:
    problems = [
        FileProblem(file=origin.name, problem=describe_problem(origin, line))
        for origin in held.files
        for line in origin.problems
    ]
    return SourceInfo(
        name=source.name,
        kind=source.kind,
        location=hide_credentials(source.location),
        access=_describe_access(source),
        files=len(held.files),
        records=sum(held.records.values()),
        collections=[titles.get(name, name) for name in held.records],
        refreshed=source.read,
        problem=hide_credentials(source.problem),
        problems=len(problems),
        file_problems=problems[:MOST_PROBLEMS],
    )


def _describe_access(source: Source) -> str:
    closed = "; descriptions of closed material are for staff" if source.hide_closed else ""
    if source.staff_only:
        return f"staff only{closed}"
    return f"public after {source.embargo}{closed}" if source.embargo else f"public{closed}"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it is somebody else's
    except OverflowError:
        return False
    return True
