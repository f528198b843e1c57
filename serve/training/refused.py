"""What the house says no to, told to the worker in its own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from serve.errors import EngineError, NotReady, ServeError
from serve.jobs.errors import JobCrashed, JobRefused
from train.datasets.errors import DatasetDamaged
from train.lora.errors import TrainingRefused


@contextmanager
def tell_refusals() -> Iterator[None]:
    """Raises JobRefused for what trying again cannot help, JobCrashed for what it may: an engine that is
    away, a full disk."""
    try:
        yield
    except (EngineError, NotReady) as error:
        raise JobCrashed(str(error)) from error
    except (TrainingRefused, DatasetDamaged) as refused:
        raise JobRefused(str(refused)) from refused
    except ServeError as error:
        if error.status >= 500:
            raise JobCrashed(str(error)) from error
        raise JobRefused(str(error)) from error
    except OSError as error:
        raise JobCrashed(f"A file cannot be read or written: {error}.") from error
