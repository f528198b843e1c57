"""A gateway process of its own that starts in a moment, so that it can be killed a thousand times.

It is the real app on a real port over a real database; only there is no engine and no index, for nobody asks
it a question. The processes are forked from one that has imported everything already.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import uvicorn

from retrieval.embedding import Embedder
from retrieval.library import Library
from serve.app import create_app
from serve.settings import Settings

START_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway."""

    port: int
    process: int

    def kill(self) -> None:
        """End it as a power cut would, as far as a process can tell."""
        os.kill(self.process, signal.SIGKILL)


@contextmanager
def run_gateway(data: Path) -> Iterator[Gateway]:
    """A gateway on a free port; killed at the end, if it has not been already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(data, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        assert ours.poll(START_SECONDS), "the gateway did not start"
        port = ours.recv()
        assert process.pid is not None
        yield Gateway(port, process.pid)
    finally:
        process.kill()
        process.join()
        ours.close()


def _serve(data: Path, told: Connection) -> None:
    logging.disable(logging.WARNING)  # that there is no index is meant
    settings = Settings(data=data, engine_urls=("http://127.0.0.1:9",))
    library = Library(settings.index_root, cast(Embedder, None))
    app = create_app(settings, library=library, engines=[], base="base")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            told.send(listener.getsockname()[1])

    Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])
