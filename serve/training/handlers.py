"""What does the jobs of each kind, for `reading-room worker`; what a job needs is imported when it comes."""

from __future__ import annotations

from collections.abc import Mapping

from serve.database import Database
from serve.jobs.job import Job
from serve.jobs.lease import Done, Lease
from serve.jobs.worker import Handler
from serve.settings import Settings


def make_handlers(settings: Settings, database: Database) -> Mapping[str, Handler]:
    """The handlers of this house's jobs, over one data folder."""

    def train(job: Job, lease: Lease) -> Done:
        from serve.training.administration import make_training
        from serve.training.learning import Learning

        return Learning(settings, database, make_training(settings, database))(job, lease)

    def evaluate(job: Job, lease: Lease) -> Done:
        from serve.training.administration import make_training
        from serve.training.examining import Examining

        return Examining(settings, database, make_training(settings, database))(job, lease)

    def embed(job: Job, lease: Lease) -> Done:
        from serve.training.administration import make_training
        from serve.training.embedding import Embedding

        return Embedding(settings, database, make_training(settings, database))(job, lease)

    return {"train": train, "evaluate": evaluate, "embed": embed}
