"""Brings an index up to date with its sources: everything anew, or what changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from retrieval.embedding import Embedder
from retrieval.errors import IndexMissing, SourceError
from retrieval.sources.changed import ChangedFiles, read_all
from retrieval.sources.files import locate
from retrieval.sources.registry import Source, find_source, load_sources, save_sources
from retrieval.store.builder import Built, build_index
from retrieval.store.catalog import Catalog
from retrieval.store.mirror import Mirror
from retrieval.store.origins import Origin
from retrieval.store.part_writer import GetEmbedder, Progress
from retrieval.store.parts import open_catalog, open_parts
from retrieval.store.reading import Reading
from retrieval.store.snapshot import check_files, read_current, read_manifest
from retrieval.store.update import Updated, update_index

Harvest = Callable[[Path, Source, bool], None]
"""Fetches what a server has into a source's folder: index root, source, whether everything is asked for."""


def build_from_sources(
    root: Path,
    sources: Sequence[Source],
    embedder: Embedder,
    progress: Progress,
    problems: list[str],
    mirror: Mirror | None = None,
) -> Built:
    """Build the index anew from all files of all sources, and register these.

    `problems` gets what was wrong with the files, also where no index comes of it. Raises SnapshotError,
    and SourceError when a source's place is not there.
    """

    def read() -> Iterator[Reading]:
        for reading in read_all(root, sources):
            problems.extend(str(problem) for problem in reading.problems)
            yield reading

    built = build_index(root, read(), embedder, progress, mirror)
    save_sources(root, [replace(source, read=_now(), problem="") for source in sources])
    return built


def refresh_sources(
    root: Path,
    names: Sequence[str],
    get_embedder: GetEmbedder,
    progress: Progress,
    *,
    full: bool = False,
    harvest: Harvest,
    mirror: Mirror | None = None,
) -> tuple[Updated | None, list[SourceError]]:
    """Read what changed in the named sources, or in all, and update the index.

    `full` reads every file again and asks servers for everything, which finds deletions that they did not
    report. A source that cannot be reached keeps what is indexed of it; its problem is returned and
    noted in the registry. None for the update when no source could be read.
    """
    sources = load_sources(root)
    wanted = [find_source(sources, name) for name in names] if names else sources
    problems: dict[str, SourceError] = {}
    for source in wanted:
        try:
            if source.kind == "oai":
                harvest(root, source, full)
        except SourceError as problem:
            problems[source.name] = problem
    readable = [source for source in wanted if source.name not in problems]
    updated = None
    if readable:
        updated, found = _take_in(root, sources, readable, get_embedder, progress, full=full, mirror=mirror)
        problems |= found
    read = {source.name for source in readable} - problems.keys()
    told = {name: str(problem) for name, problem in problems.items()}
    with_state = [
        replace(
            source, read=_now() if source.name in read else source.read, problem=told.get(source.name, "")
        )
        if source in wanted
        else source
        for source in load_sources(root)
    ]
    save_sources(root, with_state)
    return updated, list(problems.values())


def remove_source(
    root: Path, name: str, get_embedder: GetEmbedder, progress: Progress, mirror: Mirror | None = None
) -> Updated | None:
    """Take a source out of the index and out of the registry; None where nothing was indexed at all.

    What belonged to it is gone from answers with the switch to the new snapshot, and gone from the files of
    that snapshot when `retrieval.store.compaction` has run.
    """
    sources = load_sources(root)
    source = find_source(sources, name)
    rest = [other for other in sources if other.name != name]
    updated = None
    if has_index(root):
        updated = update_index(
            root,
            lambda catalog: ChangedFiles(root, catalog, rest, [], removed=name),
            get_embedder,
            progress,
            mirror,
        )
    save_sources(root, rest)
    if source.kind == "oai":
        shutil.rmtree(locate(root, source), ignore_errors=True)
    return updated


def has_index(root: Path) -> bool:
    """Whether there is an index to go on from."""
    try:
        read_current(root)
    except IndexMissing:
        return False
    return True


def _take_in(
    root: Path,
    sources: Sequence[Source],
    readable: Sequence[Source],
    get_embedder: GetEmbedder,
    progress: Progress,
    *,
    full: bool,
    mirror: Mirror | None,
) -> tuple[Updated, dict[str, SourceError]]:
    if not has_index(root):
        built = build_index(root, read_all(root, sources), get_embedder(), progress, mirror)
        added = built.manifest.records
        return Updated(manifest=built.manifest, added=added, replaced=0, removed=0, reused=built.reused), {}
    problems: dict[str, SourceError] = {}

    def find_files(catalog: Catalog) -> ChangedFiles:
        found = ChangedFiles(root, catalog, sources, readable, full=full)
        problems.update(found.problems)
        return found

    return update_index(root, find_files, get_embedder, progress, mirror), problems


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def list_origins(root: Path) -> list[Origin]:
    """Every file that the index was made from; none where there is no index."""
    if not has_index(root):
        return []
    folder = root / read_current(root)
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    return list(open_catalog(folder, open_parts(folder, manifest)).origins().values())
