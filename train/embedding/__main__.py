"""`python -m train.embedding FOLDER`: tune the embedding model as the plan in the folder says.

Exit status: 0 done, whatever the verdict; 2 refused; 3 failed; 75 stopped, to be started again.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from retrieval.errors import RetrievalError
from train.embedding.run import run_embedding
from train.lora.errors import TrainingFailed, TrainingPaused, TrainingRefused


def main(arguments: Sequence[str]) -> int:
    """Run; one line on stderr says why it was not done."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m train.embedding FOLDER\n")
        return 2
    stopped = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    try:
        result = run_embedding(Path(arguments[0]), stopped.is_set)
    except TrainingRefused as problem:
        return _say(problem, 2)
    except TrainingPaused as problem:
        return _say(problem, 75)
    except (TrainingFailed, RetrievalError, OSError, MemoryError) as problem:
        return _say(problem, 3)
    sys.stdout.write(f"{result['verdict']['ruling']}: {' '.join(result['verdict']['sentences'])}\n")
    return 0


def _say(problem: Exception, status: int) -> int:
    sys.stderr.write(f"{' '.join(str(problem).split()) or type(problem).__name__}\n")
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
