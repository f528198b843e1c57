"""`reading-room index …`: thin handlers, heavy imports only inside them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.engine_options import (
    NOTHING_SET,
    SearchSettings,
    make_engine_options,
    make_reranker_options,
)
from retrieval.evaluation import commands as evaluate_commands

if TYPE_CHECKING:
    from retrieval.backends.engine import SearchEngine
    from retrieval.index import Index
    from retrieval.ranking.reranking import Reranker
    from retrieval.store.builder import Built, Progress

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(
    subparsers: Subparsers, data_dir: Path, settings: SearchSettings = NOTHING_SET
) -> Subparsers:
    """Add `index` and `evaluate`, and return where more can be added to `evaluate`.

    `data_dir` is where the snapshots are kept unless told otherwise.
    """
    group = subparsers.add_parser("index", help="build, search and check the index of the collections")
    commands = group.add_subparsers(metavar="COMMAND", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--root",
        type=Path,
        default=data_dir / "index",
        metavar="FOLDER",
        help="snapshots (default: %(default)s)",
    )
    shared.add_argument(
        "--embedder", default="", metavar="NAME", help="sentence-transformers model, by folder or cached name"
    )
    engine, reranker = make_engine_options(settings), make_reranker_options(settings)
    _add_build(commands, [shared, engine])
    search = commands.add_parser(
        "search", parents=[shared, engine, reranker], help="ask the index, without a model"
    )
    search.add_argument("question")
    search.add_argument(
        "--top-k", type=int, default=6, metavar="N", help="records to show (default: %(default)s)"
    )
    search.add_argument(
        "--collection", action="append", default=[], metavar="ID", help="only this one; repeatable"
    )
    search.add_argument("--json", action="store_true", help="print JSON")
    search.set_defaults(run=run_search)
    verify = commands.add_parser("verify", parents=[shared], help="check every file and open the index")
    verify.set_defaults(run=run_verify)
    push = commands.add_parser(
        "push", parents=[shared, engine], help="give a search engine what it lacks of the index in use"
    )
    push.set_defaults(run=run_push)
    _add_switching(commands, [shared, engine])
    return evaluate_commands.add_commands(subparsers, [shared, engine, reranker])


def _add_build(commands: Subparsers, shared: list[argparse.ArgumentParser]) -> None:
    build = commands.add_parser("build", parents=shared, help="read finding aids and switch to a new index")
    build.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    build.add_argument(
        "--carry-containers", action="store_true", help="an item without a container takes the one before it"
    )
    build.add_argument(
        "--link-template",
        default="",
        metavar="T",
        help="address of a record, with {eadid}, {id}, {url}, {uri}",
    )
    build.set_defaults(run=run_build)


def _add_switching(commands: Subparsers, shared: list[argparse.ArgumentParser]) -> None:
    reembed = commands.add_parser(
        "reembed", parents=shared, help="the same records with the vectors of another --embedder"
    )
    reembed.set_defaults(run=run_reembed)
    versions = commands.add_parser("versions", parents=shared[:1], help="versions that can be gone back to")
    versions.set_defaults(run=run_versions)
    use = commands.add_parser("use", parents=shared, help="go back to a version that is still on disk")
    use.add_argument("version", metavar="VERSION")
    use.set_defaults(run=run_use)


def run_build(args: argparse.Namespace) -> int:
    """Build a snapshot and print what was read. 0 when anything was indexed; errors rise."""
    from retrieval.errors import SnapshotError, SourceError
    from retrieval.sources.files import list_files
    from retrieval.sources.reading import SourceOptions
    from retrieval.sources.refresh import build_from_sources
    from retrieval.sources.registry import load_sources, replace_given
    from retrieval.store.index_embedder import load_index_embedder

    for path in args.paths:
        if not path.exists():
            raise SourceError(path, "is not there", remedy="give files or folders that exist")
    started = time.perf_counter()
    options = SourceOptions(carry_containers=args.carry_containers, link_template=args.link_template)
    embedder = load_index_embedder(args.root, args.embedder)
    loaded = time.perf_counter()
    sources = replace_given(load_sources(args.root), args.paths, options)
    files = sum(len(list_files(args.root, source)) for source in sources)
    with args.open_mirror(args) as mirror, _show_progress(files) as progress:
        problems: list[str] = []
        try:
            built = build_from_sources(args.root, sources, embedder, progress, problems, mirror)
        except SnapshotError:
            for problem in problems:
                print(f"skipped  {problem}")
            raise
    _print_summary(built, args.root, time.perf_counter() - started, time.perf_counter() - loaded)
    return 0


def run_search(args: argparse.Namespace) -> int:
    """Print the hits for a question; 0 whether or not anything was found."""
    from retrieval.engine_options import open_reranker, open_search_engine

    reranker = open_reranker(args.reranker)
    with open_search_engine(args.engine, args.engine_key) as engine:
        return _search(args, _open(args, engine, reranker))


def _search(args: argparse.Namespace, index: Index) -> int:
    from retrieval.errors import QueryError
    from retrieval.index import Filters

    known = {summary.id for summary in index.collections()}
    for wanted in args.collection:
        if wanted not in known:
            raise QueryError(
                f"no collection {wanted!r} in this index; it has: {', '.join(sorted(known))[:300]}"
            )
    result = index.search(
        args.question, top_k=args.top_k, filters=Filters(collections=tuple(args.collection))
    )
    if args.json:
        hits = [
            {
                "score": round(hit.score, 4), "id": hit.record.id, "heading": hit.record.heading,
                "breadcrumb": hit.record.breadcrumb, "container": hit.record.container,
                "call_number": hit.record.call_number, "text": hit.passage.text,
            }
            for hit in result.hits
        ]  # fmt: skip
        print(json.dumps({"found": result.found, "years": result.years, "hits": hits}, ensure_ascii=False))
        return 0
    for rank, hit in enumerate(result.hits, start=1):
        place = f" ({hit.record.container})" if hit.record.container else ""
        print(f"{rank}. {hit.score:.2f}  {hit.record.heading}{place}")
        print(f"      {' > '.join(hit.record.breadcrumb)}")
        if hit.passage.text != hit.record.heading:
            print(f"      {hit.passage.text[:240]}")
    looked = f"{result.passages_searched:,} passages, {len(result.collections_searched)} collections"
    print(f"{'Found' if result.found else 'Not enough found to ask a model'}; searched {looked}.")
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Check and open the current snapshot; errors rise."""
    from retrieval.store.snapshot import check_files

    index = _open(args)
    manifest = index.manifest
    check_files(args.root / index.version, manifest, thoroughly=True)
    size = sum(stamp.size for stamp in manifest.checksums.values())
    print(
        f"{index.version}: whole. {manifest.records:,} records, {manifest.passages:,} passages, "
        f"{manifest.collections:,} collections, {len(manifest.checksums)} files, {size / 1e6:.1f} MB, "
        f"embedder {manifest.embedder}."
    )
    return 0


def run_push(args: argparse.Namespace) -> int:
    """Give the engine what it lacks; errors rise. Needed when one is first set, or was emptied."""
    from retrieval.errors import QueryError
    from retrieval.store.snapshot import check_files, locking, read_current, read_manifest

    if not args.engine:
        raise QueryError("no search engine is named; give --engine, or set READING_ROOM_SEARCH_ENGINE")
    with args.open_mirror(args) as mirror, locking(args.root):
        folder = args.root / read_current(args.root)
        manifest = read_manifest(folder)
        check_files(folder, manifest)
        mirror.take_in(args.root, folder, manifest)
    print(f"the search engine has the index {manifest.version}, {manifest.passages:,} passages")
    return 0


def run_reembed(args: argparse.Namespace) -> int:
    """Write the index in use anew with another embedder and switch to it; errors rise."""
    from retrieval.store.index_embedder import load_index_embedder
    from retrieval.store.reembedding import reembed_index

    started = time.perf_counter()
    embedder = load_index_embedder(args.root, args.embedder)
    loaded = time.perf_counter()
    with args.open_mirror(args) as mirror, _show_progress(0) as progress:
        built = reembed_index(args.root, embedder, progress, mirror=mirror)
    _print_summary(built, args.root, time.perf_counter() - started, time.perf_counter() - loaded)
    return 0


def run_versions(args: argparse.Namespace) -> int:
    """List the versions on disk, newest last; errors rise."""
    from retrieval.errors import SnapshotError
    from retrieval.store.snapshot import list_versions, read_current, read_manifest

    current = read_current(args.root)
    for version in list_versions(args.root):
        mark = "in use" if version == current else ""
        try:
            manifest = read_manifest(args.root / version)
        except SnapshotError as problem:
            print(f"{version}  {problem}")
            continue
        print(f"{version}  {manifest.records:,} records, embedder {manifest.embedder}  {mark}".rstrip())
    return 0


def run_use(args: argparse.Namespace) -> int:
    """Switch to a version on disk; a running gateway follows. Errors rise."""
    from retrieval.store.snapshot import switch_to

    with args.open_mirror(args) as mirror:
        manifest = switch_to(args.root, args.version, mirror)
    print(f"index {manifest.version} is in use in {args.root}, embedder {manifest.embedder}")
    return 0


def _open(
    args: argparse.Namespace, engine: SearchEngine | None = None, reranker: Reranker | None = None
) -> Index:
    from retrieval.index import Index
    from retrieval.store.index_embedder import load_index_embedder
    from retrieval.store.snapshot import read_current

    folder = args.root / read_current(args.root)
    embedder = load_index_embedder(args.root, args.embedder)
    return Index(folder, embedder, engine=engine, reranker=reranker)


@contextmanager
def _show_progress(files: int) -> Iterator[Progress]:
    """Two bars on the terminal: files read, then passages embedded."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bars:
        tasks = {
            "read": bars.add_task("reading files", total=files),
            "embed": bars.add_task("embedding", total=None),
        }

        def advance(step: str, done: int, total: int | None = None) -> None:
            bars.update(tasks[step], advance=done, total=total)

        yield advance


def _print_summary(built: Built, root: Path, seconds: float, working: float) -> None:
    manifest = built.manifest
    for problem in manifest.skipped:
        print(f"skipped  {problem}")
    for remark in manifest.remarks:
        print(f"remark   {remark}")
    rate = (manifest.passages - built.reused) / working if working else 0.0
    print(
        f"{len(manifest.sources):,} files, {manifest.records:,} records, {manifest.passages:,} passages, "
        f"{manifest.collections:,} collections; {len(manifest.skipped):,} skipped; {seconds:.1f} s, "
        f"peak memory {_peak_memory():,.0f} MB"
    )
    print(
        f"{manifest.passages - built.reused:,} passages embedded ({rate:.0f}/s), {built.reused:,} taken over"
    )
    print(f"index {manifest.version} is in use in {root}")


def _peak_memory() -> float:
    """Most memory this process has held, in MB."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
