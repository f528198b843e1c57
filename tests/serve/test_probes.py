"""Validation by effect on a real engine, against peft's own forward pass; odd answers from a stub."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from safetensors.numpy import load_file, save_file

from serve.adapters.folder import MANIFEST, WEIGHTS, weights_sha256
from serve.adapters.probes import LEAST_EFFECT, MOST_DISAGREEMENT, ProbeResult, probe
from serve.engine.client import EngineClient
from serve.engine.machine import look_at_machine
from serve.engine.model import find_model
from serve.engine.plan import plan_engine
from serve.engine.pool import Engines
from serve.engine.process import EngineProcess
from serve.errors import EngineDown, VersionAbsent
from serve.settings import BUNDLED_ADAPTERS, BUNDLED_READER, PROJECT, Settings
from tests.serve.made_adapters import write_manifest
from tests.serve.stub_engine import StubEngine

pytestmark = pytest.mark.asyncio(loop_scope="session")

TERSE = next(path.name for path in BUNDLED_ADAPTERS.glob("terse--*"))
FORMAL = next(path.name for path in BUNDLED_ADAPTERS.glob("formal--*"))
WRONG = 2.0
"""What is not the right adapter must lie beyond the tolerance by far, or the tolerance tells nothing."""


@dataclass(frozen=True)
class Probed:
    """An engine that loads by name from a folder of our own, and the references of its adapters."""

    client: EngineClient
    base: str
    folder: Path
    references: dict[str, dict[str, Any]]

    async def probe(self, version: str, reference: dict[str, Any] | None) -> ProbeResult:
        return await probe(self.client, self.base, version, reference)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def probed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Probed]:
    folder = tmp_path_factory.mktemp("probed")
    settings = Settings(data=folder / "data", adapters=folder / "adapters")
    for name in (TERSE, FORMAL):
        shutil.copytree(BUNDLED_ADAPTERS / name, settings.adapters / name)
    model = find_model(str(BUNDLED_READER))
    plan = plan_engine(settings, look_at_machine(), model, [])
    client = EngineClient(plan.url, socket=plan.socket, stall_seconds=60)
    await client.start()
    process = EngineProcess(
        plan, settings.data / "engine.log", stall_seconds=60, start_seconds=400, waiting=lambda: client.waiting
    )  # fmt: skip
    references = dict(zip((TERSE, FORMAL), await asyncio.gather(*map(compute, (TERSE, FORMAL))), strict=True))
    await process.start()
    try:
        await process.wait_ready(lambda _: None)
        yield Probed(client, plan.model_name, settings.adapters, references)
    finally:
        await process.stop()
        await client.close()


async def compute(version: str) -> dict[str, Any]:
    done = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "train.reference", str(BUNDLED_READER), str(BUNDLED_ADAPTERS / version),
        cwd=PROJECT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await done.communicate()
    reference: dict[str, Any] = json.loads(told)
    return reference


def make_scaled(folder: Path, name: str, scale: float) -> str:
    """The terse adapter with its B, and so its effect, scaled; its name."""
    building = folder / f".{name}"
    shutil.copytree(BUNDLED_ADAPTERS / TERSE, building)
    (building / MANIFEST).unlink()
    weights = load_file(building / WEIGHTS)
    scaled = {key: value * (scale if "lora_B" in key else 1) for key, value in weights.items()}
    save_file({key: value.astype(weights[key].dtype) for key, value in scaled.items()}, building / WEIGHTS)
    write_manifest(building, weights_sha256(BUNDLED_READER))
    digest = json.loads((building / MANIFEST).read_text())["files"][WEIGHTS]
    return building.rename(folder / f"{name}--v1-{digest[:8]}").name


@pytest.mark.parametrize("version", [TERSE, FORMAL])
async def test_a_bundled_adapter_differs_from_the_base_and_agrees_with_peft(
    probed: Probed, version: str
) -> None:
    result = await probed.probe(version, probed.references[version])
    assert (result.ok, result.problem) == (True, "")
    assert result.disagreement is not None
    assert result.effect > 5 * LEAST_EFFECT
    assert result.disagreement < MOST_DISAGREEMENT / 2  # so that another CPU's rounding has room
    assert version in {model.name for model in await probed.client.models()}
    again = await probed.probe(version, probed.references[version])
    assert again.effect == pytest.approx(result.effect, abs=LEAST_EFFECT / 2)


async def test_another_adapters_reference_is_refused(probed: Probed) -> None:
    for version, other in ((TERSE, FORMAL), (FORMAL, TERSE)):
        result = await probed.probe(version, probed.references[other])
        assert not result.ok
        assert "does not answer as the adapter does in peft" in result.problem
        assert result.disagreement is not None
        assert result.disagreement > WRONG


async def test_an_adapter_that_does_nothing_is_refused(probed: Probed) -> None:
    faint = make_scaled(probed.folder, "faint", 1e-4)
    for reference in (None, probed.references[TERSE]):
        result = await probed.probe(faint, reference)
        assert not result.ok
        assert "answers as the base does" in result.problem
        assert result.effect < LEAST_EFFECT


async def test_an_adapter_at_half_its_strength_is_refused(probed: Probed) -> None:
    """As if its alpha had been read wrongly: it has an effect, but not the one it was trained to have."""
    half = make_scaled(probed.folder, "half", 0.5)
    result = await probed.probe(half, probed.references[TERSE])
    assert not result.ok
    assert result.effect > LEAST_EFFECT
    assert result.disagreement is not None
    assert result.disagreement > WRONG


async def test_without_a_reference_it_is_only_said_that_there_is_an_effect(probed: Probed) -> None:
    result = await probed.probe(FORMAL, None)
    assert (result.ok, result.disagreement) == (True, None)
    assert result.effect > 5 * LEAST_EFFECT


async def test_a_reference_from_another_base_is_refused(probed: Probed) -> None:
    reference = probed.references[TERSE]
    other = {**reference, "probes": [{**one, "base": one["adapter"]} for one in reference["probes"]]}
    result = await probed.probe(TERSE, other)
    assert not result.ok
    assert "base model is not the one" in result.problem
    beyond = {**reference, "probes": [{**reference["probes"][0], "tokens": [999_999]}]}
    result = await probed.probe(TERSE, beyond)
    assert not result.ok
    assert "The probes were not taken" in result.problem


async def test_base_and_version_are_told_apart_while_others_write(probed: Probed) -> None:
    """Probes share their batches with answers of every kind; base rows must stay base rows."""
    quiet = [await probed.probe(version, probed.references[version]) for version in (TERSE, FORMAL)]
    body = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 200, "ignore_eos": True}
    names = [probed.base, TERSE, FORMAL]
    writing = [asyncio.create_task(probed.client.complete({**body, "model": name})) for name in names * 2]
    busy = await asyncio.gather(
        *(probed.probe(version, probed.references[version]) for version in (TERSE, FORMAL))
    )
    for before, now in zip(quiet, busy, strict=True):
        assert now.ok, now.problem
        assert now.effect == pytest.approx(before.effect, abs=LEAST_EFFECT)
    await asyncio.gather(*writing)


async def test_a_name_that_the_engine_does_not_know_is_absent(probed: Probed) -> None:
    with pytest.raises(VersionAbsent):
        await probed.probe("absent--v1-00000000", None)


async def test_a_pool_over_it_offers_what_passed_and_answers_with_it(probed: Probed) -> None:
    faint = make_scaled(probed.folder, "fainter", 1e-5)
    pool = Engines([probed.client])
    verdicts: dict[str, bool] = {}
    pool.on_probe = lambda version, _, result: verdicts.update({version: result.ok})
    pool.wanted = {**probed.references, faint: probed.references[TERSE], "absent--v1-00000000": None}
    await pool.look()
    for _ in range(100):
        await pool.prepare()
        if len(verdicts) == 3:
            break
    assert verdicts == {TERSE: True, FORMAL: True, faint: False}
    assert pool.offered == {probed.base, TERSE, FORMAL}
    body = {"messages": [{"role": "user", "content": "Which box?"}], "max_tokens": 8, "temperature": 0}
    answers = [await pool.complete(name, body, affinity="a") for name in sorted(pool.offered)]
    assert [answer["model"] for answer in answers] == sorted(pool.offered)
    await pool.look()
    assert pool.ready[probed.client] == {TERSE, FORMAL}
    with pytest.raises(EngineDown):
        await pool.complete(faint, body, affinity="a")
    await pool.close()


GOOD = {"tokens": [1, 2], "base": [[7, -1.0]], "adapter": [[7, -3.0]]}


@pytest_asyncio.fixture(loop_scope="session")
async def stub(tmp_path: Path) -> AsyncIterator[tuple[StubEngine, EngineClient]]:
    engine = StubEngine({"v": 2.0})
    runner = web.AppRunner(engine.app(), shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "s")).start()
    client = EngineClient("http://engine", socket=tmp_path / "s", stall_seconds=5)
    await client.start()
    yield engine, client
    await client.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ({"format": 1, "probes": [GOOD]}, ""),
        ({"format": 1, "probes": [{**GOOD, "adapter": [[7, -3.9]]}]}, ""),
        ({"format": 1, "probes": [{**GOOD, "adapter": [[7, -4.1]]}]}, "found 1.10"),
        (
            {"format": 1, "probes": [{**GOOD, "adapter": [[9, -8.6]]}]},
            "",
        ),  # below the least likely: may be so
        ({"format": 1, "probes": [{**GOOD, "adapter": [[9, -3.0]]}]}, "found 6.00"),
        ({"format": 1, "probes": [{**GOOD, "base": [[7, -2.1]]}]}, "base model is not the one"),
        ({"format": 2, "probes": [GOOD]}, "Expected a reference of format 1, found 2"),
        ({}, "found None"),
        ({"format": 1}, "cannot be read"),
        ({"format": 1, "probes": []}, "has no probes"),
        ({"format": 1, "probes": [{**GOOD, "tokens": []}]}, "has no probes"),
        ({"format": 1, "probes": [{**GOOD, "adapter": []}]}, "cannot be read"),
        ({"format": 1, "probes": [{**GOOD, "adapter": [[7, float("nan")]]}]}, "cannot be read"),
        ({"format": 1, "probes": [{**GOOD, "adapter": 7}]}, "cannot be read"),
        ({"format": 1, "probes": "none"}, "cannot be read"),
    ],
)
async def test_a_reference_is_held_against_the_answers(
    stub: tuple[StubEngine, EngineClient], reference: dict[str, Any], told: str
) -> None:
    result = await probe(stub[1], "base", "v", reference)
    assert result.ok is (told == "")
    assert told in result.problem


async def test_an_answer_without_log_probabilities_is_refused(stub: tuple[StubEngine, EngineClient]) -> None:
    stub[0].effects = {"v": float("nan")}
    result = await probe(stub[1], "base", "v", None)
    assert not result.ok
    assert "no log-probabilities" in result.problem
