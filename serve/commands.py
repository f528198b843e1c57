"""`reading-room serve` and `reading-room doctor`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from types import FrameType

import uvicorn
import uvloop
from fastapi import FastAPI

from serve.errors import ServeError
from serve.settings import Settings

MountPages = Callable[[FastAPI, str], None]
BuildIndex = Callable[[Settings], None]


def add_commands(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    settings: Settings,
    *,
    mount_pages: MountPages,
    build_index: BuildIndex,
    worker: Sequence[str],
) -> None:
    """Add this package's commands. `build_index` is called where there is no index yet.

    `worker` is the command of a worker for jobs, which runs beside the service where settings say so.
    """
    serve = subparsers.add_parser("serve", help="start the engine and the service, and say when it is ready")
    serve.add_argument("--port", type=int, default=settings.port, help="default: %(default)s")
    serve.add_argument("--host", default=settings.host, help="default: %(default)s")
    serve.set_defaults(run=lambda arguments: run_serve(arguments, settings, mount_pages, build_index, worker))
    doctor = subparsers.add_parser("doctor", help="what this machine has, what will be used, what is wrong")
    doctor.set_defaults(run=lambda _: _run_doctor(settings))


def run_serve(
    arguments: argparse.Namespace,
    settings: Settings,
    mount_pages: MountPages,
    build_index: BuildIndex,
    worker: Sequence[str],
) -> int:
    """Serve until told to stop; 0 after an orderly stop, 2 when it could not start."""
    settings = settings.model_copy(update={"host": arguments.host, "port": arguments.port})
    _prepare(settings)
    with _claim_port(settings) as listener:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        return uvloop.run(_serve(settings, listener, mount_pages, build_index, worker))


async def _serve(
    settings: Settings,
    listener: socket.socket,
    mount_pages: MountPages,
    build_index: BuildIndex,
    worker: Sequence[str],
) -> int:
    from retrieval.engine_options import open_reranker, open_search_engine
    from retrieval.library import Library
    from retrieval.store.index_embedder import load_index_embedder
    from serve.app import create_app
    from serve.engine.backend import start_backend
    from serve.jobs.beside import keep_worker

    here = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    address = f"http://{here}:{settings.port}"
    started = time.monotonic()
    reranker = open_reranker(settings.reranker)
    async with start_backend(settings, _say) as backend, AsyncExitStack() as opened:
        await asyncio.to_thread(build_index, settings)
        embedder = await asyncio.to_thread(load_index_embedder, settings.index_root, settings.embedder)
        engine = opened.enter_context(
            open_search_engine(settings.search_engine, settings.search_engine_key.get_secret_value())
        )
        library = Library(settings.index_root, embedder, engine=engine, reranker=reranker)
        await asyncio.to_thread(library.refresh)
        app = create_app(
            settings,
            library=library,
            engines=backend.clients,
            base=backend.base,
            mount_pages=lambda app: mount_pages(app, address),
        )
        server = _make_server(app)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        waiting = asyncio.create_task(backend.wait_ready())
        working: asyncio.Task[None] | None = None
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            try:
                await waiting
                await app.state.service.engines.look()
                await app.state.service.offering.refresh()
                if problem := app.state.service.offering.default_problem:
                    raise ServeError(problem)
                await app.state.service.engines.prepare()
                seconds = time.monotonic() - started
                _say(f"Ready after {seconds:.0f} s. Open {address} in a browser. Ctrl-C stops it.")
                if settings.worker:
                    log_path = settings.data / "worker.log"
                    working = asyncio.create_task(keep_worker(worker, log_path, lambda: server.should_exit))
            except ServeError:
                server.should_exit = True
                await serving
                raise
        waiting.cancel()
        await serving
        if working:
            await working
    _say("Stopped.")
    return 0


class _Server(uvicorn.Server):
    """uvicorn, ended by SIGINT or SIGTERM without raising the signal again afterwards.

    The engine is stopped after the server, in the same process: a second raise would cut that off.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order, however often it is asked for: the answers under way have 30 s."""
        said, self.should_exit = self.should_exit, True
        if not said:
            _say("Stopping ...")


def _make_server(app: FastAPI) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app,
            http="httptools",
            server_header=False,
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=30,
            timeout_keep_alive=75,
        )
    )


def _prepare(settings: Settings) -> None:
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx", "sentence_transformers", "alembic", "faiss.loader"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    settings.data.mkdir(parents=True, exist_ok=True)


def _claim_port(settings: Settings) -> socket.socket:
    """Take the port before anything slow starts, so that a taken one is said at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Named TCP, or asyncio leaves TCP_NODELAY off and each first token waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise ServeError(
            f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}). Stop what uses it, or set "
            "READING_ROOM_PORT to a free port."
        ) from error
    return listener


def _run_doctor(settings: Settings) -> int:
    from serve.doctor import run_doctor

    return run_doctor(settings)


def _say(line: str) -> None:
    """Tell whoever is there to read it; a service goes on, and stops, without a reader too."""
    with contextlib.suppress(OSError):
        print(line, flush=True)
