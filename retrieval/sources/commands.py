"""`reading-room sources add|list|refresh|remove`: thin handlers, heavy imports only inside them."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.sources.registry import Source
    from retrieval.store.mirror import Mirror
    from retrieval.store.part_writer import GetEmbedder
    from retrieval.store.update import Updated

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(
    subparsers: Subparsers, data_dir: Path, engine: argparse.ArgumentParser | None = None
) -> None:
    """Add `sources` and its four commands; `data_dir` is where the index is kept unless told otherwise.

    `engine` brings the option that names a search engine, and `open_mirror`, which keeps it in step.
    """
    group = subparsers.add_parser("sources", help="where records come from, and reading again what changed")
    commands = group.add_subparsers(metavar="COMMAND", required=True)
    shared = argparse.ArgumentParser(add_help=False, parents=[engine] if engine else [])
    shared.add_argument(
        "--root", type=Path, default=data_dir / "index", metavar="FOLDER", help="default: %(default)s"
    )
    shared.add_argument("--embedder", default="", metavar="NAME", help="the one the index was built with")
    _add_add(commands, shared)
    listing = commands.add_parser(
        "list", parents=[shared], help="sources, when they were read, what is wrong"
    )
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=run_list)
    refresh = commands.add_parser("refresh", parents=[shared], help="read what changed, and index only that")
    refresh.add_argument("names", nargs="*", metavar="NAME", help="sources; all where none is named")
    refresh.add_argument(
        "--full", action="store_true", help="read everything again; finds deletions a server did not report"
    )
    refresh.set_defaults(run=run_refresh)
    remove = commands.add_parser("remove", parents=[shared], help="forget a source; its records go at once")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=run_remove)


def _add_add(commands: Subparsers, shared: argparse.ArgumentParser) -> None:
    add = commands.add_parser("add", parents=[shared], help="register a source and read it")
    add.add_argument("location", metavar="PATH|URL", help="file, folder, or base URL of an OAI-PMH server")
    add.add_argument("--name", default="", help="default: the last word of the location")
    add.add_argument("--prefix", default="oai_dc", help="metadataPrefix to harvest (default: %(default)s)")
    add.add_argument("--set", default="", help="OAI-PMH set to harvest")
    add.add_argument(
        "--carry-containers", action="store_true", help="an item without a container takes the one before it"
    )
    add.add_argument(
        "--link-template",
        default="",
        metavar="T",
        help="address of a record, with {eadid}, {id}, {url}, {uri}",
    )
    add.add_argument("--columns", default="", metavar="FILE", help="TOML that maps the columns of its tables")
    who = add.add_mutually_exclusive_group()
    who.add_argument("--staff-only", action="store_true", help="patrons see nothing of it")
    who.add_argument("--embargo", default="", metavar="YYYY-MM-DD", help="patrons see it after this day")
    add.add_argument(
        "--hide-closed", action="store_true", help="patrons do not see descriptions of closed material either"
    )
    add.set_defaults(run=run_add)


def run_add(args: argparse.Namespace) -> int:
    """Register a source and read it; a source that cannot be read is not registered. Errors rise."""
    from retrieval.sources.registry import add_source, load_sources, save_sources

    before = load_sources(args.root)
    source = _make_source(args, {source.name for source in before})
    save_sources(args.root, add_source(before, source))
    try:
        return _refresh(args, [source.name], full=False)
    except BaseException:
        save_sources(args.root, before)
        raise


def run_list(args: argparse.Namespace) -> int:
    """Print every source with its files, and what is wrong with them."""
    from retrieval.sources.refresh import list_origins
    from retrieval.sources.registry import load_sources

    sources, origins = load_sources(args.root), list_origins(args.root)
    rows = []
    for source in sources:
        files = [origin for origin in origins if origin.source == source.name]
        problems = [line for origin in files for line in origin.problems]
        rows.append({**asdict(source), "files": len(files), "file_problems": problems})
    if args.json:
        print(json.dumps({"sources": rows}, ensure_ascii=False))
        return 0
    for row in rows:
        who = (
            "staff only"
            if row["staff_only"]
            else f"public after {row['embargo']}"
            if row["embargo"]
            else "public"
        )
        print(f"{row['name']}  {row['kind']}  {row['location']}")
        print(f"    {row['files']:,} files, read {row['read'] or 'never'}, {who}")
        for line in [row["problem"], *row["file_problems"]]:
            if line:
                print(f"    problem  {line}")
    if not rows:
        print("No sources yet. Add one: reading-room sources add PATH")
    return 0


def run_refresh(args: argparse.Namespace) -> int:
    """Read what changed; 0 when all went well, 1 when a source could not be read. Errors rise."""
    return _refresh(args, args.names, full=args.full)


def run_remove(args: argparse.Namespace) -> int:
    """Take a source's records out of answers, then out of the files. Errors rise."""
    from retrieval.sources.refresh import remove_source

    started = time.perf_counter()
    with _open_mirror(args) as mirror:
        updated = remove_source(args.root, args.name, _embedder(args), _quiet, mirror)
        print(f"{args.name} is no source any more.")
        if updated:
            _print_update(updated, time.perf_counter() - started)
            if updated.removed:
                _compact(args, mirror)
    return 0


def _refresh(args: argparse.Namespace, names: list[str], *, full: bool) -> int:
    with _open_mirror(args) as mirror:
        return _take_in(args, names, mirror, full=full)


def _take_in(args: argparse.Namespace, names: list[str], mirror: Mirror | None, *, full: bool) -> int:
    from retrieval.sources.harvest import harvest_source
    from retrieval.sources.refresh import refresh_sources
    from retrieval.store.compaction import needs_compaction

    started = time.perf_counter()
    updated, problems = refresh_sources(
        args.root, names, _embedder(args), _quiet, full=full, harvest=harvest_source, mirror=mirror
    )
    for problem in problems:
        print(f"problem  {problem}", file=sys.stderr)
    if updated:
        for line in updated.manifest.skipped:
            print(f"skipped  {line}")
        for line in updated.manifest.remarks:
            print(f"remark   {line}")
        _print_update(updated, time.perf_counter() - started)
        if needs_compaction(updated.manifest):
            _compact(args, mirror)
    return 1 if problems else 0


def _open_mirror(args: argparse.Namespace) -> AbstractContextManager[Mirror | None]:
    return args.open_mirror(args) if "open_mirror" in args else nullcontext()


def _compact(args: argparse.Namespace, mirror: Mirror | None) -> None:
    from retrieval.store.compaction import compact_index

    manifest = compact_index(args.root, _embedder(args), _quiet, mirror)
    if manifest:
        print(f"made one part of the index: {manifest.version}")


def _make_source(args: argparse.Namespace, taken: set[str]) -> Source:
    from datetime import date

    from retrieval.errors import SourceError
    from retrieval.formats.identifiers import slug
    from retrieval.sources.registry import Source, name_source

    is_url = re.match(r"https?://", args.location)
    location = args.location if is_url else str(Path(args.location).resolve())
    if not is_url and not Path(location).exists():
        raise SourceError(args.location, "is not there", remedy="give a file or folder that exists, or a URL")
    if args.name and args.name != slug(args.name):
        raise SourceError(args.name, "is no name", remedy="use letters, digits, hyphens: " + slug(args.name))
    try:
        embargo = date.fromisoformat(args.embargo).isoformat() if args.embargo else ""
    except ValueError as error:
        raise SourceError(args.embargo, "is no day", remedy="write it as 2030-01-31") from error
    return Source(
        name=args.name or name_source(location, taken),
        kind="oai" if is_url else "files",
        location=location,
        prefix=args.prefix,
        set=args.set,
        carry_containers=args.carry_containers,
        link_template=args.link_template,
        columns=str(Path(args.columns).resolve()) if args.columns else "",
        staff_only=args.staff_only,
        embargo=embargo,
        hide_closed=args.hide_closed,
    )


def _embedder(args: argparse.Namespace) -> GetEmbedder:
    """Loads it when it is first asked for."""
    from functools import cache

    from retrieval.store.index_embedder import load_index_embedder

    return cache(lambda: load_index_embedder(args.root, args.embedder))


def _quiet(step: str, done: int, total: int | None = None) -> None:
    """A refresh is quick; what it did is told at its end."""


def _print_update(updated: Updated, seconds: float) -> None:
    manifest = updated.manifest
    print(
        f"{updated.added:,} records added, {updated.replaced:,} replaced, {updated.removed:,} removed; "
        f"{manifest.records:,} records in {manifest.collections:,} collections; {seconds:.1f} s"
    )
    print(f"index {manifest.version} is in use")
