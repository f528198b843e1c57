"""Train what a run's folder plans.

    python -m train.lora FOLDER               # FOLDER/plan.json in, adapter/ and result.json out
    python -m train.lora FOLDER --estimate    # what that would take, as one JSON object; trains nothing

Ends with 0 (done, or done before), 2 (refused) or 3 (failed), both with one line on standard error, or 75
(paused by SIGTERM: start it again and it goes on). Killed in any other way it goes on from its last
checkpoint, and what comes out is the same, bit for bit, on the same machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from train.lora.errors import TrainingError, TrainingFailed, TrainingPaused, TrainingRefused
from train.lora.events import EventLog
from train.lora.events import Type as EventType
from train.lora.failing import explain
from train.lora.files import EVENTS
from train.lora.pausing import Pause
from train.lora.settings import stay_offline

REFUSED, FAILED, PAUSED = 2, 3, 75
_ENDS: dict[type[TrainingError], tuple[int, EventType]] = {
    TrainingRefused: (REFUSED, "refused"),
    TrainingFailed: (FAILED, "failed"),
    TrainingPaused: (PAUSED, "paused"),
}


def main(words: Sequence[str] | None = None) -> int:
    """The command with `words` (None: the process's own)."""
    parser = argparse.ArgumentParser(
        prog="python -m train.lora", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--estimate", action="store_true", help="say what it would take, and train nothing")
    arguments = parser.parse_args(words)
    stay_offline()
    warnings.simplefilter("ignore")  # what is wrong is an error here, and the rest is about other uses
    try:
        if arguments.estimate:
            _print_estimate(arguments.folder)
        else:
            pause = Pause()
            pause.listen()
            from train.lora.run import run

            run(arguments.folder, pause)
    except Exception as error:
        known = error if isinstance(error, TrainingError) else explain(error)
        if known is None:
            raise
        return _end(known, arguments.folder, quiet=arguments.estimate)
    return 0


def _end(error: TrainingError, folder: Path, *, quiet: bool) -> int:
    code, type = _ENDS[_kind_of(error)]
    line = " ".join(str(error).split())
    if not quiet and folder.is_dir():
        with contextlib.suppress(OSError):  # the disk may be what is full
            log = EventLog(folder / EVENTS)
            log.add(type, line, level="info" if code == PAUSED else "error")
            log.close()
    sys.stderr.write(f"{line}\n")
    return code


def _kind_of(error: TrainingError) -> type[TrainingError]:
    return next(kind for kind in _ENDS if isinstance(error, kind))


def _print_estimate(folder: Path) -> None:
    from train.lora.base import open_reader, read_base
    from train.lora.hardware import find_device
    from train.lora.plan import read_plan
    from train.lora.starting import estimate_run

    plan = read_plan(folder)
    base = read_base(plan.base)
    told = estimate_run(plan, folder, base, open_reader(plan.base), find_device(base.context, base.hidden))
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
