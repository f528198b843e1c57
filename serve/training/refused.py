"""What the worker cannot know by itself: which errors of training, index and engine end a job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from retrieval.errors import RetrievalError
from serve.errors import EngineError
from serve.jobs.errors import JobCrashed, JobRefused
from train.datasets.errors import DatasetDamaged
from train.evaluation.errors import EvaluationRefused
from train.lora.errors import TrainingRefused


@contextmanager
def tell_refusals() -> Iterator[None]:
    """Raises JobRefused for what the data or the recipe is to blame for, JobCrashed for whatever an engine
    or the index says: it may be well in a minute. All else goes through."""
    try:
        yield
    except (EngineError, RetrievalError) as error:
        raise JobCrashed(str(error)) from error
    except (TrainingRefused, DatasetDamaged, EvaluationRefused) as refused:
        raise JobRefused(str(refused)) from refused
