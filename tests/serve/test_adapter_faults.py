"""The fault table on the real engine, through the real service: nothing dies, nothing is wrong in silence."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.serve.adapter_faults import CASES, Case, run_case
from tests.serve.adapter_scene import BASE, GOOD, Scene, set_scene
from tests.serve.bad_adapters import try_folder, try_name
from tests.serve.spoiled_adapters import clear_b
from tests.service import RunningService


@pytest.fixture(scope="module")
def scene(service: RunningService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with set_scene(service, tmp_path_factory.mktemp("faults")) as scene:
        yield scene


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_harms_nothing(scene: Scene, case: Case) -> None:
    before = scene.engine_processes()
    result = run_case(scene, case)
    assert not result.died
    assert result.wrong == ()
    # What is killed on purpose shows that a death would be seen.
    assert (before <= scene.engine_processes()) == (not case.kills)


def test_the_table_sees_what_was_not_refused(scene: Scene) -> None:
    """The engine takes a version without effect, and the gateway one without fault."""
    loaded = run_case(scene, Case("taken by the engine", partial(try_folder, clear_b)))
    assert not loaded.died
    assert [told[:27] for told in loaded.wrong] == ["the engine loaded it: 200 {"]
    offered = run_case(scene, Case("taken by the gateway", lambda scene: try_name(scene, GOOD)))
    assert offered.wrong[0].startswith(f"asked for {GOOD!r}: 200")
    assert offered.wrong[1:] == (f"{GOOD!r} is on offer",)


def test_the_table_sees_an_answer_that_changed(scene: Scene) -> None:
    said = scene.before[f"{BASE} by the gateway"]
    scene.before[f"{BASE} by the gateway"] = "something else"
    try:
        result = run_case(scene, Case("no fault", lambda scene: iter(())))
    finally:
        scene.before[f"{BASE} by the gateway"] = said
    assert result.wrong == (f"{BASE} by the gateway said {said!r}, before it was 'something else'",)
