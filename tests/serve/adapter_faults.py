"""The fault table: bad adapters, names and accidents, each tried on a live service and its engine.

After every one of them the engine must be the same processes as before, the base and a good adapter must
answer as before, and what was bad must have been refused with a typed error or left out. Used by the
tests and by the benchmark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from tests.serve.adapter_accidents import (
    try_adding_twice,
    try_full_disk_for_staff,
    try_full_disk_for_the_engine,
    try_killing_while_loading,
    try_loading_twice,
    try_vanished_files,
)
from tests.serve.adapter_scene import (
    GOOD,
    READY_SECONDS,
    RECOVERY_SECONDS,
    NoEngine,
    Scene,
    set_scene,
    wait_until,
)
from tests.serve.bad_adapters import (
    try_folder,
    try_link,
    try_many_unknown_names,
    try_names_in_chats,
    try_names_in_commands,
    try_names_with_staff,
    try_pickle,
    try_tiny_b,
)
from tests.serve.spoiled_adapters import (
    alter_a_byte,
    become_a_pickle,
    bring_a_pickle,
    change_rank,
    clear_b,
    leave_out_a_layer,
    name_another_base,
    name_no_module,
    put_in_huge_numbers,
    put_in_infinity,
    put_in_large_numbers,
    put_in_nan,
    put_in_one_nan,
    shrink,
    state_rank,
    truncate,
    truncate_and_describe,
    widen,
)
from tests.service import RunningService


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one fault ended: `died` if the engine did not live through it; `wrong` tells what was accepted
    that should not have been, and what answered otherwise than before."""

    name: str
    died: bool
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FaultReport:
    """What all faults together did: both numbers must be 0."""

    engine_deaths: int
    silent_wrong: int
    cases: tuple[CaseResult, ...]


Apply = Callable[[Scene], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One fault. `apply` does it and yields what was not refused; `kills`: it ends the engine itself."""

    name: str
    apply: Apply
    kills: bool = False


def run_case(scene: Scene, case: Case) -> CaseResult:
    """Do one fault and see what came of it."""
    engine = scene.engine_processes()
    wrong: list[str] = []
    try:
        wrong.extend(case.apply(scene))
        died = not case.kills and not engine <= scene.engine_processes()
    except (httpx.HTTPError, NoEngine) as error:
        died, wrong = True, [*wrong, repr(error)]
    if died:
        wait_until(scene.engine_answers, RECOVERY_SECONDS)
        wait_until(lambda: scene.gateway.get("/readyz").status_code == 200, RECOVERY_SECONDS)
        wait_until(lambda: scene.is_ready(GOOD), READY_SECONDS)
    wrong += [
        f"{who} said {said!r}, before it was {scene.before[who]!r}"
        for who, said in scene.answers().items()
        if said != scene.before[who]
    ]
    return CaseResult(case.name, died, tuple(wrong))


def run_faults(service: RunningService, scratch: Path) -> FaultReport:
    """All of the table, on a service that was started with `STAFF_KEY`; takes some minutes.

    What is made for it is left in `scratch`.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with set_scene(service, scratch) as scene:
        cases = tuple(run_case(scene, case) for case in CASES)
    deaths, wrong = sum(case.died for case in cases), sum(bool(case.wrong) for case in cases)
    return FaultReport(deaths, wrong, cases)


# NaN that the engine computes stays in its key-value cache and spoils whoever gets the block next; its
# resolver looks at digests and not at values, so what makes NaN is kept from it by the gateway alone.
CASES = (
    Case("truncated weights", partial(try_folder, truncate)),
    Case("truncated weights, described as they are", partial(try_folder, truncate_and_describe)),
    Case("an altered byte", partial(try_folder, alter_a_byte)),
    Case("a lower rank stated", partial(try_folder, partial(state_rank, rank=4))),
    Case("a rank stated beyond the engine's", partial(try_folder, partial(state_rank, rank=32))),
    Case("a rank beyond the engine's", partial(try_folder, partial(change_rank, rank=32, stated=32))),
    Case("a rank beyond the one stated", partial(try_folder, partial(change_rank, rank=32, stated=8))),
    Case("another base", partial(try_folder, name_another_base)),
    Case("smaller shapes, claiming this base", partial(try_folder, shrink)),
    Case("larger shapes, claiming this base", partial(try_folder, widen)),
    Case("a layer missing", partial(try_folder, leave_out_a_layer, engine="takes")),
    Case("modules of another name", partial(try_folder, name_no_module)),
    Case("NaN", partial(try_folder, put_in_nan)),
    Case("one NaN", partial(try_folder, put_in_one_nan)),
    Case("huge numbers", partial(try_folder, put_in_huge_numbers)),
    Case("large numbers", partial(try_folder, put_in_large_numbers)),
    Case("infinity", partial(try_folder, put_in_infinity)),
    Case("zero B", partial(try_folder, clear_b, engine="takes")),
    Case("tiny B", try_tiny_b),
    Case("a pickle for weights", partial(try_pickle, become_a_pickle)),
    Case("a pickle beside the weights", partial(try_pickle, bring_a_pickle)),
    Case("a link to a version", try_link),
    Case("bad names in chats", try_names_in_chats),
    Case("bad names with staff", try_names_with_staff),
    Case("bad names in commands", try_names_in_commands),
    Case("10,000 unknown names", try_many_unknown_names),
    Case("files that vanish after loading", try_vanished_files),
    Case("the same name loaded by many at once", try_loading_twice),
    Case("the same folder added twice at once", try_adding_twice),
    Case("disk full during add", try_full_disk_for_staff),
    Case("disk full while the engine copies", try_full_disk_for_the_engine),
    Case("an engine killed while it loads", try_killing_while_loading, kills=True),
)
