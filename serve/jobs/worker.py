"""A worker: takes one job after another, and writes down how each went."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from sqlalchemy.exc import SQLAlchemyError

from serve.database import Database
from serve.errors import ServeError
from serve.jobs.claims import LEASE_SECONDS, Claims
from serve.jobs.errors import JobCrashed, JobRefused, LeaseLost, Stopped
from serve.jobs.job import Job
from serve.jobs.lease import Done, Lease

log = logging.getLogger(__name__)

Handler = Callable[[Job, Lease], Done]
"""Does a job of one kind. It looks at `Lease.check` often, and can go on where an earlier attempt stopped.

What it raises is how the job went: JobRefused, and a ServeError that is the request's fault, fail it; Stopped
and LeaseLost are let through; anything else is tried again after a pause.
"""
POLL_SECONDS = 1.0
_AWAY_SECONDS = 5.0


def work(
    database: Database,
    handlers: Mapping[str, Handler],
    stopping: threading.Event,
    *,
    name: str,
    lease_seconds: float = LEASE_SECONDS,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Do the jobs of the kinds that there are handlers for, until `stopping` is set.

    A database that is away is asked again, and said once.
    """
    claims = Claims(database, handlers, worker=name, lease_seconds=lease_seconds)
    problem = ""
    while not stopping.is_set():
        since = time.monotonic()
        try:
            job = claims.claim()
            problem = ""
        except SQLAlchemyError as error:
            if type(error).__name__ != problem:
                log.warning("no jobs are taken, the database does not answer: %s", type(error).__name__)
            problem = type(error).__name__
            stopping.wait(_AWAY_SECONDS)
            continue
        if job is None:
            stopping.wait(poll_seconds)
            continue
        with Lease(claims, job, stopping, since) as lease:
            _do(job, lease, handlers[job.kind])


def _do(job: Job, lease: Lease, handler: Handler) -> None:
    """One job, whatever comes."""
    log.info("%s: begun, attempt %d", job.id, job.attempts)
    try:
        _settle(job, lease, handler)
    except LeaseLost as lost:
        log.warning("%s Nothing of it is kept here.", lost)
    except SQLAlchemyError as error:
        log.error(
            "%s: how it ended could not be written; it is taken up again: %s", job.id, type(error).__name__
        )


def _settle(job: Job, lease: Lease, handler: Handler) -> None:
    try:
        done = handler(job, lease)
        lease.finish(done)
        log.info("%s: done", job.id)
    except LeaseLost:
        raise
    except Stopped as stopped:
        lease.release()
        log.info("%s: stopped (%s)", job.id, stopped.reason)
    except JobRefused as refused:
        lease.fail(str(refused), again=False)
        log.warning("%s: refused: %s", job.id, refused)
    except JobCrashed as crashed:
        lease.fail(str(crashed), again=True)
        log.warning("%s: %s", job.id, crashed)
    except ServeError as error:
        lease.fail(str(error), again=error.status >= 500)
        log.warning("%s: %s", job.id, error)
    except OSError as error:
        lease.fail(f"{error.strerror or error}: {error.filename or 'a file of the job'}.", again=True)
        log.warning("%s: %s", job.id, error)
    except Exception as error:
        log.error("%s: unexpected %s", job.id, type(error).__name__, exc_info=error)
        lease.fail(f"Unexpected {type(error).__name__}; the worker's log says more.", again=True)
