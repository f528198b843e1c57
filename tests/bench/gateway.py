"""The gateway against the engine behind it, on the same prompts: `make bench-gateway`.

Both are asked the same streamed questions (retrieval off, greedy, prompts warm in the prefix cache), by 1 and
by 16 clients, in interleaved rounds whose order changes. Printed: the time to first token that the
gateway adds, and its token throughput over the engine's own; medians over the rounds. The last line
is JSON: ttft_added_ms_p50 and _p95 (1 client), tokens_ratio_1, tokens_ratio_16.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from retrieval.prompt import SYSTEM
from tests.service import RunningService, run_service

NAMES = ["Ellen Marsh", "Ruth Calloway", "Thomas Marsh", "Ada Finch", "Josiah Bell", "Clara Winslow"]
CLIENTS = (1, 16)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a streamed chat is asked for."""

    name: str
    session: aiohttp.ClientSession
    url: str
    extra: dict[str, object]


@dataclass(frozen=True, slots=True)
class Round:
    """One round of one target: seconds to first token of each answer, and tokens per second in all."""

    first: list[float]
    tokens_per_second: float


def make_prompts(count: int) -> list[list[dict[str, str]]]:
    """Prompts in the product's own form, of about 250 tokens, different from one another."""
    prompts = []
    for number in range(count):
        passages = [
            f"[{place}] {name} to the Harbour Company, {1890 + number + place} May {place + 1} "
            f"(Box {number + 1}, Folder {place})\nLetters > Correspondence\nWrites of the mill, the flood and the price of coal."
            for place, name in enumerate(NAMES, start=1)
        ]
        question = f"Question: Do you have letters from {NAMES[number % len(NAMES)]}?"
        body = "\n\n".join(["Passages:", *passages, question])
        prompts.append([{"role": "system", "content": SYSTEM}, {"role": "user", "content": body}])
    return prompts


async def ask(target: Target, messages: list[dict[str, str]], tokens: int) -> tuple[float, int]:
    """Seconds to the first text of one streamed answer, and how many tokens it had."""
    body = {
        "model": "bundled-reader", "messages": messages, "max_tokens": tokens, "temperature": 0, "stream": True,
        "stream_options": {"include_usage": True}, **target.extra,
    }  # fmt: skip
    started, first, written = time.perf_counter(), 0.0, 0
    async with target.session.post(target.url, json=body) as response:
        assert response.status == 200, await response.text()
        async for line in response.content:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            if not first and any(choice["delta"].get("content") for choice in event["choices"]):
                first = time.perf_counter() - started
            written = (event.get("usage") or {}).get("completion_tokens", written)
    assert first and written, "an answer without text or without usage"
    return first, written


async def run_round(target: Target, prompts: list[list[dict[str, str]]], clients: int, tokens: int) -> Round:
    """All prompts through `clients` clients at once."""
    waiting = list(prompts)
    results: list[tuple[float, int]] = []

    async def client() -> None:
        while waiting:
            results.append(await ask(target, waiting.pop(), tokens))

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - started
    return Round([first for first, _ in results], sum(written for _, written in results) / seconds)


def percentile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


async def measure(service: RunningService, rounds: int, prompts: int, tokens: int) -> dict[str, float]:
    """Interleaved rounds against both; the figures as in the module's docstring."""
    questions = make_prompts(prompts)
    connector = aiohttp.UnixConnector(find_socket(service), limit=0)
    async with aiohttp.ClientSession(connector=connector) as raw, aiohttp.ClientSession() as ours:
        engine = Target("engine", raw, "http://engine/v1/chat/completions", {})
        off: dict[str, object] = {"reading_room": {"retrieval": False}}
        gateway = Target("gateway", ours, f"{service.url}/v1/chat/completions", off)
        figures: dict[str, float] = {}
        for clients in CLIENTS:
            for target in (engine, gateway):
                await run_round(target, questions, clients, tokens)
            pairs: list[dict[str, Round]] = []
            for number in range(rounds):
                order = (engine, gateway) if number % 2 == 0 else (gateway, engine)
                pairs.append({t.name: await run_round(t, questions, clients, tokens) for t in order})
            ratio = statistics.median(
                p["gateway"].tokens_per_second / p["engine"].tokens_per_second for p in pairs
            )
            figures[f"tokens_ratio_{clients}"] = round(ratio, 3)
            for share in (0.5, 0.95):
                added = statistics.median(
                    percentile(p["gateway"].first, share) - percentile(p["engine"].first, share)
                    for p in pairs
                )
                key = f"ttft_added_ms_p{share * 100:.0f}"
                figures[key if clients == 1 else f"{key}_at_{clients}"] = round(added * 1000, 2)
            speed = statistics.median(p["engine"].tokens_per_second for p in pairs)
            first = statistics.median(percentile(p["engine"].first, 0.5) for p in pairs)
            print(
                f"{clients:>2} clients: engine alone {speed:.0f} tokens/s, first token after {first * 1000:.1f} ms;"
            )
            print(f"   through the gateway: ratio {ratio:.3f}")
        return figures


def find_socket(service: RunningService) -> str:
    """The engine's own socket, as the service says where it is."""
    return str(next(service.data.rglob("engine.sock")))


def main() -> int:
    """Start a service of its own, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=64)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, run_service(Path(folder)) as service:
        figures = asyncio.run(measure(service, arguments.rounds, arguments.prompts, arguments.tokens))
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
