"""Real databases for the tests: a SQLite file, and a PostgreSQL server of our own where there is one."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def run_postgres(folder: Path) -> Iterator[str | None]:
    """A server on a free loopback port, gone afterwards; None where PostgreSQL is not installed."""
    initdb, pg_ctl = shutil.which("initdb"), shutil.which("pg_ctl")
    if not (initdb and pg_ctl):
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data, log = folder / "data", folder / "log"
    folder.chmod(0o777)
    run = _as_other_user()
    subprocess.run([*run, initdb, "-D", data, "-U", "room", "-A", "trust"], check=True, capture_output=True)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    subprocess.run(
        [*run, pg_ctl, "-D", data, "-l", log, "-o", options, "-w", "start"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"postgresql://room@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*run, pg_ctl, "-D", data, "-m", "immediate", "stop"],
            check=True,
            stdout=subprocess.DEVNULL,
        )


def _as_other_user() -> list[str]:
    """PostgreSQL will not run as root."""
    if os.getuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return ["setpriv", f"--reuid={name}", f"--regid={pwd.getpwnam(name).pw_gid}", "--clear-groups"]
    return []
