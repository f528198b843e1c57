"""The engine's LoRA, with our plugin and as vLLM ships it, for two models: speed and rightness.

`random` is a model of a current architecture with random weights, `random16` the same with adapters of rank 16
on every linear layer. For each and each of both a real vLLM server is started as the gateway starts it, with
eight adapters in eight slots, and no prefix cache. Keys, for `reader`, `random` and `random16`, without prefix for the plugin and
with `stock_` for vLLM's own operators:

    {model}_mix_ratio_1, _4, _8   tokens per second of 16 streams that use so many adapters, over 16 streams
                                  of the base model on the same engine
    {model}_prefill_ratio         time to the one token after a prompt of 512, with an adapter over base
    {model}_rows_equal            share of the 16 rows of mixed batches, base rows among them, that are
                                  answered (greedy) as the same row alone

Each figure is the median of interleaved repeats whose order changes. Run alone, it prints them as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from serve.engine.machine import look_at_machine
from serve.engine.model import find_model
from serve.engine.plan import plan_engine
from serve.settings import BUNDLED_READER, Settings, child_environment
from tests.bench.random_model import make_random_adapter, make_random_model

SLOTS = 8
STREAMS = 16
MIXES = (1, 4, 8)
MODELS = ("reader", "random", "random16")
PROMPT_TOKENS, LONG_PROMPT_TOKENS = 24, 512
START_SECONDS = 300.0
_FIRST_TOKEN, _LAST_TOKEN = 300, 6000
"""Prompts are random token numbers from this range of the reader's vocabulary: no special ones."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A model to measure, with the form of its adapters."""

    name: str
    folder: Path
    rank: int
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """A running server."""

    session: aiohttp.ClientSession
    base: str

    async def complete(self, model: str, prompt: Sequence[int], tokens: int) -> str:
        """The greedy answer of exactly `tokens` tokens."""
        body = {"model": model, "prompt": list(prompt), "max_tokens": tokens, "min_tokens": tokens,
                "temperature": 0, "ignore_eos": True}  # fmt: skip
        async with self.session.post("http://engine/v1/completions", json=body) as response:
            answer = await response.json()
            assert response.status == 200, answer
        assert answer["usage"]["completion_tokens"] == tokens
        return str(answer["choices"][0]["text"])


def make_subjects(folder: Path) -> list[Subject]:
    """Both models with adapters formed like the bundled ones; the random one also with the largest usual form."""
    every = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    model = make_random_model(folder / "random-model")
    return [
        Subject("reader", BUNDLED_READER, 8, every[:4]),
        Subject("random", model, 8, every[:4]),
        Subject("random16", model, 16, every),
    ]


@contextlib.contextmanager
def run_server(folder: Path, subject: Subject, adapters: Sequence[Path], *, plugin: bool) -> Iterator[Path]:
    """A server with the adapters as adapter-0, adapter-1, ...; gives the path of its socket."""
    settings = Settings(
        data=folder / "data", model=str(subject.folder), engine_context=2048, engine_memory_gb=1, concurrent_answers=STREAMS
    )  # fmt: skip
    machine = look_at_machine()
    plan = plan_engine(settings, machine, find_model(settings.model), ())
    assert plan.socket is not None
    plan.socket.parent.mkdir(parents=True, exist_ok=True)
    flags = {"--max-loras": str(SLOTS), "--max-cpu-loras": str(SLOTS), "--max-lora-rank": str(max(subject.rank, 8)),
             "--served-model-name": "base"}  # fmt: skip
    command = list(plan.command)
    for flag, value in flags.items():
        command[command.index(flag) + 1] = value
    if "--lora-target-modules" not in command:
        command += ["--lora-target-modules", *subject.targets]
    command += ["--no-enable-prefix-caching", "--lora-modules"]
    command += [f"adapter-{number}={path}" for number, path in enumerate(adapters)]
    # Without the shared folder of adapters: the plugin then leaves vLLM's own ways to load them open.
    own = {"VLLM_PLUGINS": "reading_room" if plugin else "", "READING_ROOM_ENGINE_ADAPTERS": ""}
    environment = child_environment(plan.environment | own)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{subject.name}-{'plugin' if plugin else 'stock'}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _favour(process.pid)
        _wait_ready(plan.socket, process, log)
        said = log.read_text(errors="replace")
        assert ("self-test passed" in said) is plugin, f"plugin wanted: {plugin}; {said[-2000:]}"
        yield plan.socket
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        plan.socket.unlink(missing_ok=True)


def _favour(pid: int) -> None:
    """Where allowed, give the server's session priority over whatever else the machine does."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("-15")


def _wait_ready(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    async def ask() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as session:
            async with session.get("http://engine/health") as response:
                assert response.status == 200

    ends = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None or time.monotonic() > ends:
            raise RuntimeError(f"The engine did not start:\n{log.read_text(errors='replace')[-3000:]}")
        with contextlib.suppress(aiohttp.ClientError, OSError, AssertionError):
            asyncio.run(ask())
            return
        time.sleep(0.5)


def make_prompt(seed: object, tokens: int) -> list[int]:
    """Random words, the same for the same seed."""
    generator = random.Random(str(seed))
    return [generator.randrange(_FIRST_TOKEN, _LAST_TOKEN) for _ in range(tokens)]


async def measure_mix(engine: Engine, adapters: int, seed: object, tokens: int) -> float:
    """Tokens per second of 16 streams over so many adapters (0: the base model)."""
    names = [f"adapter-{number % adapters}" if adapters else engine.base for number in range(STREAMS)]
    started = time.perf_counter()
    await asyncio.gather(
        *(
            engine.complete(name, make_prompt((seed, number), PROMPT_TOKENS), tokens)
            for number, name in enumerate(names)
        )
    )
    return STREAMS * tokens / (time.perf_counter() - started)


async def measure_prefill(engine: Engine, model: str, seed: object, prompts: int) -> float:
    """Seconds for one token after a prompt of 512, one request at a time; the median of some."""
    seconds = []
    for number in range(prompts):
        prompt = make_prompt((seed, number), LONG_PROMPT_TOKENS)
        started = time.perf_counter()
        await engine.complete(model, prompt, 1)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


async def measure_rows(engine: Engine, seed: object, tokens: int) -> tuple[float, float]:
    """Shares of rows answered as alone: of a mixed batch, and, to compare, of one of base rows only."""
    mixed = [engine.base if row % 4 == 0 else f"adapter-{row % SLOTS}" for row in range(STREAMS)]
    shares = []
    for names in (mixed, [engine.base] * STREAMS):
        rows = [(name, make_prompt((seed, row), PROMPT_TOKENS)) for row, name in enumerate(names)]
        together = await asyncio.gather(*(engine.complete(name, prompt, tokens) for name, prompt in rows))
        alone = [await engine.complete(name, prompt, tokens) for name, prompt in rows]
        shares.append(statistics.mean(one == other for one, other in zip(together, alone, strict=True)))
    return shares[0], shares[1]


async def measure_server(socket: Path, repeats: int, tokens: int) -> dict[str, float]:
    """All figures of one server."""
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        connector=aiohttp.UnixConnector(str(socket)), timeout=timeout
    ) as session:
        engine = Engine(session, "base")
        for adapters in (0, SLOTS):  # warm
            await measure_mix(engine, adapters, "warm", 8)
        speeds: dict[int, list[float]] = {adapters: [] for adapters in (0, *MIXES)}
        prefill: dict[str, list[float]] = {"base": [], "adapter-0": []}
        rows: list[tuple[float, float]] = []
        for repeat in range(repeats):
            order = list(speeds)
            for adapters in order[repeat % 4 :] + order[: repeat % 4]:
                speeds[adapters].append(await measure_mix(engine, adapters, repeat, tokens))
            for model in sorted(prefill, reverse=repeat % 2 == 1):
                prefill[model].append(await measure_prefill(engine, model, repeat, 5))
            rows.append(await measure_rows(engine, repeat, 24))
    figures = {
        f"mix_ratio_{adapters}": statistics.median(mix / base for mix, base in zip(speeds[adapters], speeds[0], strict=True))
        for adapters in MIXES
    }  # fmt: skip
    figures["prefill_ratio"] = statistics.median(
        a / b for a, b in zip(prefill["adapter-0"], prefill["base"], strict=True)
    )
    figures["rows_equal"] = statistics.mean(share for share, _ in rows)
    print(f"    base {statistics.median(speeds[0]):.0f} tokens/s with {STREAMS} streams, "
          f"{statistics.median(prefill['base']) * 1000:.0f} ms for {LONG_PROMPT_TOKENS} tokens of prompt; "
          f"of batches of base rows only, {statistics.mean(share for _, share in rows):.1%} are as alone")  # fmt: skip
    return {key: round(value, 3) for key, value in figures.items()}


def measure_engine(repeats: int, *, models: Sequence[str] = MODELS, stock: bool = True) -> dict[str, float]:
    """Start the servers one after the other, measure, print what was measured, give the figures back."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for subject in make_subjects(folder):
            if subject.name not in models:
                continue
            adapters = [
                make_random_adapter(
                    folder / f"{subject.name}-adapters", subject.folder, f"adapter-{number}",
                    rank=subject.rank, targets=subject.targets, seed=number,
                )
                for number in range(SLOTS)
            ]  # fmt: skip
            print(f"{subject.name}: {SLOTS} adapters of rank {subject.rank} on {', '.join(subject.targets)}")
            for plugin in (True, False) if stock else (True,):
                prefix = subject.name if plugin else f"stock_{subject.name}"
                with run_server(folder / prefix, subject, adapters, plugin=plugin) as socket:
                    found = asyncio.run(measure_server(socket, repeats, 48 if plugin else 24))
                print(f"  {'with the plugin' if plugin else 'stock'}: {found}", flush=True)
                figures |= {f"{prefix}_{key}": value for key, value in found.items()}
    return figures


def main() -> int:
    """Measure and print; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--no-stock", action="store_true")
    arguments = parser.parse_args()
    print(
        json.dumps(measure_engine(arguments.repeats, models=arguments.models, stock=not arguments.no_stock))
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
