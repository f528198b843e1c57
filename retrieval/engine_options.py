"""The options that name an engine and a cross-encoder, and what they stand for, for every command."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.backends.engine import SearchEngine
    from retrieval.backends.mirror import EngineMirror
    from retrieval.ranking.reranking import Reranker


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """What the service's settings say of search: empty where nothing is set.

    `engine` is an address (`retrieval.backends.address`), `engine_key` what it asks for, `reranker` a folder.
    """

    engine: str = ""
    engine_key: str = ""
    reranker: str = ""


NOTHING_SET = SearchSettings()


def make_engine_options(settings: SearchSettings) -> argparse.ArgumentParser:
    """A parent parser with `--engine`; `open_mirror(args)` keeps that engine in step with the snapshots."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--engine",
        default=settings.engine,
        metavar="ADDRESS",
        help="search engine that holds the passages: qdrant+http://HOST:6333/NAME or "
        "opensearch+https://HOST:9200/NAME; empty: the index on disk",
    )
    parser.set_defaults(engine_key=settings.engine_key, open_mirror=_open_mirror)
    return parser


def make_reranker_options(settings: SearchSettings) -> argparse.ArgumentParser:
    """A parent parser with `--reranker`."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--reranker", default=settings.reranker, metavar="FOLDER", help="cross-encoder; empty: none"
    )
    return parser


@contextmanager
def open_search_engine(address: str, key: str) -> Iterator[SearchEngine | None]:
    """The engine at that address; None for an empty one. Raises SearchEngineError."""
    if not address:
        yield None
        return
    from retrieval.backends.address import open_engine

    engine = open_engine(address, key)
    try:
        yield engine
    finally:
        engine.close()


def open_reranker(folder: str) -> Reranker | None:
    """The cross-encoder in that folder; None for an empty one. Raises RerankerError."""
    if not folder:
        return None
    from retrieval.ranking.reranking import CrossEncoder

    return CrossEncoder(Path(folder).expanduser())


@contextmanager
def _open_mirror(args: argparse.Namespace) -> Iterator[EngineMirror | None]:
    """What keeps the engine named in `args` in step; it says at the end what it gave it."""
    with open_search_engine(args.engine, args.engine_key) as engine:
        if engine is None:
            yield None
            return
        from retrieval.backends.mirror import EngineMirror

        mirror = EngineMirror(engine)
        yield mirror
    if mirror.pushed:
        print(f"{mirror.pushed:,} passages given to the search engine")  # noqa: T201 - for the terminal
