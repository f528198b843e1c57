"""`reading-room`: the one command, put together from the packages' own commands.

This is the composition root: the only place that knows both the pages and the gateway's inside.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from serve.settings import Settings, keep_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

    from serve.database import Database
    from serve.jobs.worker import Handler


def main(arguments: list[str] | None = None) -> int:
    """Run a command; every expected failure is one line on stderr and exit code 2."""
    keep_private()
    from pydantic import ValidationError

    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "READING_ROOM_" + "_".join(str(part) for part in first["loc"]).upper()
        said = first["msg"].removeprefix("Value error, ")
        return _fail(f"{name}: {said}. Correct it in the environment or in .env.")
    return _run(make_parser(settings).parse_args(arguments))


def make_parser(settings: Settings) -> argparse.ArgumentParser:
    """The command line, every package's part in it."""
    from retrieval import commands as retrieval_commands
    from retrieval.engine_options import SearchSettings, make_engine_options
    from retrieval.sources import commands as source_commands
    from serve import commands as serve_commands
    from serve.adapters import commands as adapter_commands
    from serve.conversations import commands as conversation_commands
    from serve.curation import commands as pair_commands
    from serve.datasets import commands as dataset_commands
    from serve.evaluation import commands as evaluation_commands
    from serve.jobs import commands as job_commands
    from serve.people import commands as people_commands
    from serve.training import commands as training_commands

    parser = argparse.ArgumentParser(prog="reading-room", description="Ask a library's special collections.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    serve_commands.add_commands(
        subparsers,
        settings,
        mount_pages=_mount_pages,
        build_index=_build_first_index,
        worker=(sys.executable, "-m", "ui", "worker"),
    )
    search = SearchSettings(
        engine=settings.search_engine,
        engine_key=settings.search_engine_key.get_secret_value(),
        reranker=settings.reranker,
    )
    evaluate = retrieval_commands.add_commands(subparsers, settings.data, search)
    evaluation_commands.add_command(evaluate, settings)
    source_commands.add_commands(subparsers, settings.data, make_engine_options(search))
    adapter_commands.add_commands(subparsers, settings)
    dataset_commands.add_commands(subparsers, settings)
    people_commands.add_commands(subparsers, settings)
    conversation_commands.add_commands(subparsers, settings)
    pair_commands.add_commands(subparsers, settings)
    training_commands.add_commands(subparsers, settings)
    job_commands.add_commands(subparsers, settings, _make_handlers)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from retrieval.errors import RetrievalError
    from serve.errors import ServeError

    try:
        result: int = arguments.run(arguments)
    except (RetrievalError, ServeError) as error:
        return _fail(str(error))
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130
    return result


def _mount_pages(app: FastAPI, base_url: str) -> None:
    from ui.mount import mount_desk, mount_patron

    mount_desk(app, base_url)
    mount_patron(app, base_url, app.state.service.page_key)


def _make_handlers(settings: Settings, database: Database) -> Mapping[str, Handler]:
    """What does the jobs of each kind."""
    from serve.training.handlers import make_handlers

    return make_handlers(settings, database)


def _build_first_index(settings: Settings) -> None:
    """Index the configured collections where there is no index yet."""
    if (settings.index_root / "CURRENT").exists():
        return
    options = ["--carry-containers"] if settings.carry_containers else []
    options += [f"--link-template={settings.link_template}", f"--embedder={settings.embedder}"]
    arguments = ["index", "build", *options, "--", *(str(path) for path in settings.collections)]
    build = make_parser(settings).parse_args(arguments)
    build.run(build)


def _fail(message: str) -> int:
    print(f"reading-room: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
