"""Adapters on live gateways: how soon a promotion answers, what loading costs others, and 100 swaps under load.

One engine with the bundled reader, three gateway processes, one database (`tests.bench.adapters_site`). All
chats are streamed and without retrieval. But for the swaps each prompt is short and begins anew, so that no
prefix is cached for anybody. Keys, medians over interleaved repeats where they are times:

    base_ttft_ms          request to first text of the base model, 1 client
    promote_ms_warm       what a promotion adds to that: from sending the promote call to the first text by the
                          new version, of a request sent after the call's reply (and again while the old version
                          answers), less base_ttft_ms; for a version that answers already. The median of all
    promote_ms_cold       the same for a version that no gateway and no engine has ever met: its files lie
                          checked in the adapter folder, its reference is computed and its row written at the
                          very moment the call is sent. So it includes that the gateway finds the row, that the
                          engine copies, checks and loads the files, the probes of base and version against the
                          reference, the new state, the promotion and the first request
    promote_call_ms_*     the share of the promote call alone in it, to its reply
    pause_ms              longest time without text in any of 8 running streams while such a version loads and
                          is probed; pause_ms_quiet: in as long a time just before. pause_ms_worst: of all
    swaps_failed          of the chats of 16 clients during 100 promotions and 100 rollbacks: not answered, cut
                          off, or without [DONE]
    swaps_wrong           of the same: named by a version that the alias did not have at any moment between
                          sending the request and its first byte, by the gateway's replies to the changes; or
                          with a text that is not that version's own, known from asking it alone before. Asked
                          is only what each version answers in the same words when it has the engine to itself,
                          one request at a time and sixteen, and in other words than the other versions
    swaps_chats, swaps_stale_ms   how many chats there were; the longest time after the reply to a change in
                          which a request was still sent to what the alias had before
    rollback_s_p99        from sending the rollback call to one gateway until the last of three has switched;
                          _p50, and rollback_postgresql_s_* on PostgreSQL, where it is installed
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from serve.adapters.registry import Registry
from serve.engine.model import BUNDLED_NAME
from tests.bench.adapters_site import (
    Chat,
    Client,
    Made,
    Messages,
    end_in_good_order,
    make_versions,
    open_registry,
    run_engine,
    run_gateways,
)
from tests.bench.gateway import make_prompts
from tests.databases import run_postgres
from tests.service import RunningService

Figures = dict[str, float]

GATEWAYS = 3
WARM_SWAPS, COLD_SWAPS, LOADS = 6, 2, 1
"""In each repeat."""
STREAMS, CLIENTS = 8, 16
BLOCKS = 50
"""Of two promotions and two rollbacks each: 100 of both."""
BETWEEN_SECONDS = 0.1
ROLLBACKS = 60
POLL_SECONDS = 0.01
QUESTIONS = ("Who wrote to Thomas Marsh in 1905?", "Are there maps of the harbour?", "Which box holds the letters?",
             "Do you have photographs of the mill?", "Who kept the account books?")  # fmt: skip
SWAP_TOKENS, PROMPTS = 24, 16
LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    """The gateways, their registry, and what there is to swap: `loaded` answer already, `unknown` do not."""

    clients: Sequence[Client]
    registry: Registry
    loaded: Sequence[str]
    unknown: Iterator[Made]
    prompts: Iterator[Messages]

    def register(self) -> str:
        """Make the next unknown version known to the gateways' database; its name."""
        made = next(self.unknown)
        return self.registry.register(made.folder, reference=made.reference, who="bench").name


@dataclass(frozen=True, slots=True)
class Promotion:
    """One measured promotion, in ms. Without `base`, the time to the first text of a base request beside it."""

    total: float
    call: float
    base: float


@dataclass(slots=True)
class AliasLog:
    """What an alias pointed to, and when that began (the call was sent) and was known (its reply came)."""

    states: list[tuple[str, float, float]] = field(default_factory=list)

    def allowed(self, chat: Chat) -> set[str]:
        """What the alias may have pointed to between sending that chat and its first byte.

        A state may hold from the moment that its call was sent, until the reply to the next one came.
        """
        ends = [known for _, _, known in self.states[1:]] + [float("inf")]
        return {
            version
            for (version, begins, _), end in zip(self.states, ends, strict=True)
            if begins <= chat.first_byte and end >= chat.sent
        }

    def staleness(self, chat: Chat) -> float:
        """Seconds between the reply that ended the last state with that chat's version and its sending."""
        ends = [known for _, _, known in self.states[1:]] + [float("inf")]
        last = [
            end
            for (version, begins, _), end in zip(self.states, ends, strict=True)
            if version in chat.versions and begins <= chat.first_byte
        ]
        return chat.sent - max(last, default=0.0)


def write_prompts(seed: int) -> Iterator[Messages]:
    """Questions whose beginning has never been asked before."""
    generator = random.Random(seed)
    while True:
        words = " ".join(str(generator.randrange(1000, 9999)) for _ in range(6))
        yield [{"role": "user", "content": f"{words}. {generator.choice(QUESTIONS)}"}]


async def measure_promotion(
    site: Site, alias: str, version: str, revision: object
) -> tuple[Promotion, object]:
    """One base request, then one promotion; and the alias's revision after it."""
    client = site.clients[0]
    base = _whole(await client.chat(BUNDLED_NAME, next(site.prompts), tokens=2)).first_text
    began = time.perf_counter()
    pointed = await client.put(alias, version, revision)
    replied = time.perf_counter()
    while True:
        chat = _whole(await client.chat(alias, next(site.prompts), tokens=2))
        if version in chat.versions:
            break
        assert chat.sent < began + LONGEST_WAIT, f"{alias} never switched to {version}"
    total = chat.texts[0] - began
    return Promotion(1000 * total, 1000 * (replied - began), 1000 * base), pointed["revision"]


async def measure_promotions(site: Site, repeats: int) -> Figures:
    """base_ttft_ms, promote_*_ms_warm and _cold."""
    first = await site.clients[0].promote("swapped", site.loaded[0])
    await _await_alias(site.clients[0], "swapped", site.loaded[0])
    revision, found = first["revision"], {"warm": list[Promotion](), "cold": list[Promotion]()}
    for repeat in range(repeats):
        for swap in range(WARM_SWAPS):
            version = site.loaded[(repeat * WARM_SWAPS + swap + 1) % 2]
            promotion, revision = await measure_promotion(site, "swapped", version, revision)
            found["warm"].append(promotion)
        for _ in range(COLD_SWAPS):
            promotion, revision = await measure_promotion(site, "swapped", site.register(), revision)
            found["cold"].append(promotion)
            _, revision = await measure_promotion(site, "swapped", site.loaded[0], revision)
    base = statistics.median(one.base for ones in found.values() for one in ones)
    figures = {"base_ttft_ms": base}
    for kind, ones in found.items():
        figures[f"promote_ms_{kind}"] = statistics.median(one.total for one in ones) - base
        figures[f"promote_call_ms_{kind}"] = statistics.median(one.call for one in ones)
    return figures


async def measure_pauses(site: Site, repeats: int) -> Figures:
    """pause_ms, pause_ms_quiet and pause_ms_worst."""
    client, loaded, quiet = site.clients[0], list[float](), list[float]()
    for repeat in range(repeats * LOADS):
        async with running_streams(site, repeat) as streams:
            await asyncio.sleep(3)
            began = time.perf_counter()
            await client.put(f"paused-{repeat}", site.register(), 0)
            ended = time.perf_counter()
        loaded.append(_longest_pause(streams, began, ended))
        quiet.append(_longest_pause(streams, began - (ended - began), began))
    return {
        "pause_ms": 1000 * statistics.median(loaded),
        "pause_ms_quiet": 1000 * statistics.median(quiet),
        "pause_ms_worst": 1000 * max(loaded),
    }


@asynccontextmanager
async def running_streams(site: Site, seed: int) -> AsyncIterator[list[Chat]]:
    """8 clients that read one long answer after the other, of base and versions, while the block runs.

    As warm as it goes, so that they are long. Gives the list of the chats, complete after the block.
    """
    chats: list[Chat] = []
    stopping = asyncio.Event()
    models = [BUNDLED_NAME, *site.loaded]

    async def read(place: int) -> None:
        while not stopping.is_set():
            more = {"temperature": 2, "seed": seed * STREAMS + place}
            model = models[place % len(models)]
            chats.append(await site.clients[0].chat(model, next(site.prompts), tokens=400, **more))

    async with asyncio.TaskGroup() as group:
        for place in range(STREAMS):
            group.create_task(read(place))
        yield chats
        stopping.set()
    for chat in chats:
        _whole(chat)


def _longest_pause(chats: Sequence[Chat], began: float, ended: float) -> float:
    """The longest time between two pieces of one answer that reaches into the time given."""
    return max(
        after - before
        for chat in chats
        for before, after in zip(chat.texts, chat.texts[1:], strict=False)
        if before < ended and after > began
    )


async def measure_swaps(site: Site) -> Figures:
    """swaps_failed, swaps_wrong, swaps_chats, swaps_stale_ms."""
    client = site.clients[0]
    versions = [*site.loaded, BUNDLED_NAME]
    own = await _learn_texts(client, versions)
    await client.promote("swung", versions[0])
    await _await_alias(client, "swung", versions[0])
    log, chats = AliasLog([(versions[0], 0.0, 0.0)]), list[tuple[int, Chat]]()
    prompts, stopping = make_prompts(PROMPTS), asyncio.Event()
    steady = sorted(own)

    async def ask(place: int) -> None:
        while not stopping.is_set():
            number = steady[(place + len(chats)) % len(steady)]
            chats.append((number, await client.chat("swung", prompts[number], tokens=SWAP_TOKENS)))

    async with asyncio.TaskGroup() as group:
        for place in range(CLIENTS):
            group.create_task(ask(place))
        await _swing(client, versions, log)
        stopping.set()
    return _judge_swaps(chats, log, own)


async def _learn_texts(client: Client, versions: Sequence[str]) -> dict[int, dict[str, str]]:
    """By the number of a prompt, what each version answers, alone in the engine, however it is batched.

    The reader's tokens may be so nearly tied that rounding decides, which differs with a batch's size: such
    prompts are left out, and those that two versions answer alike.
    """
    prompts, own = make_prompts(PROMPTS), dict[int, dict[str, str]]()
    told: dict[tuple[int, str], set[str]] = {}
    for version in versions:
        for number, prompt in enumerate(prompts):
            alone = [await client.chat(version, prompt, tokens=SWAP_TOKENS) for _ in range(2)]
            told[number, version] = {_whole(chat).text for chat in alone}
        for _ in range(3):
            many = [number % len(prompts) for number in range(CLIENTS)]
            random.Random(len(told)).shuffle(many)
            chats = await asyncio.gather(
                *(client.chat(version, prompts[number], tokens=SWAP_TOKENS) for number in many)
            )
            for number, chat in zip(many, chats, strict=True):
                told[number, version].add(_whole(chat).text)
    for number in range(len(prompts)):
        texts = [told[number, version] for version in versions]
        if len(set().union(*texts)) == len(versions) and all(len(text) == 1 for text in texts):
            own[number] = {version: min(text) for version, text in zip(versions, texts, strict=True)}
    assert own, "there is no prompt that each version answers steadily and in its own way"
    print(f"  {len(own)} of {len(prompts)} prompts have one text by each version")
    return own


async def _swing(client: Client, versions: Sequence[str], log: AliasLog) -> None:
    """Two promotions and two rollbacks, again and again; the alias points to the first before and after."""
    revision = (await client.promote("swung", versions[0]))["revision"]
    for _ in range(BLOCKS):
        for version in (*versions[1:3], "", ""):
            sent = time.perf_counter()
            pointed = await (client.put("swung", version.replace(BUNDLED_NAME, "base"), revision) if version else client.roll_back("swung"))  # fmt: skip
            name = str(pointed["stable"])
            log.states.append((BUNDLED_NAME if name == "base" else name, sent, time.perf_counter()))
            revision = pointed["revision"]
            await asyncio.sleep(BETWEEN_SECONDS)


def _judge_swaps(chats: Sequence[tuple[int, Chat]], log: AliasLog, own: dict[int, dict[str, str]]) -> Figures:
    failed = [chat for _, chat in chats if chat.problem]
    strange = stale = astray = 0
    latest = 0.0
    for number, chat in chats:
        if chat.problem:
            continue
        if len(chat.versions) != 1 or not chat.versions <= log.allowed(chat):
            stale += 1
            latest = max(latest, log.staleness(chat))
        elif chat.text != own[number][min(chat.versions)]:
            strange += 1
            astray += chat.text in own[number].values()
    for chat in failed[:3]:
        print(f"  a chat failed: {chat.problem}")
    print(
        f"  {len(chats)} chats during {len(log.states) - 1} changes: {len(failed)} failed, {stale} by a version the "
        f"alias had no more, {strange} with another text than the version's own ({astray} with another version's)"
    )
    return {
        "swaps_failed": len(failed),
        "swaps_wrong": stale + strange,
        "swaps_chats": len(chats),
        "swaps_stale_ms": 1000 * latest,
    }


async def measure_rollbacks(site: Site, count: int) -> list[float]:
    """Seconds of each of `count` rollbacks until the last gateway has switched; each calls the next gateway."""
    seconds = []
    before, after = site.loaded[0], site.loaded[1]
    await site.clients[0].promote("returned", before)
    generator = random.Random(0)
    for number in range(count):
        await site.clients[0].promote("returned", after)
        await asyncio.gather(*(_await_alias(client, "returned", after) for client in site.clients))
        await asyncio.sleep(generator.random() / 2)  # so that no gateway's looks keep step with the calls
        began = time.perf_counter()
        watching = [asyncio.create_task(_await_alias(client, "returned", before)) for client in site.clients]
        await site.clients[number % len(site.clients)].roll_back("returned")
        seconds.append(max(await asyncio.gather(*watching)) - began)
    return seconds


async def _await_alias(client: Client, alias: str, version: str) -> float:
    """When that gateway's own answer says that the alias points to the version."""
    ends = time.perf_counter() + LONGEST_WAIT
    while time.perf_counter() < ends:
        models = await client.models()
        if alias in models and models[alias]["resolves_to"] == version:
            return time.perf_counter()
        await asyncio.sleep(POLL_SECONDS)
    raise AssertionError(f"{alias} does not point to {version} at {client.url}")


async def _await_ready(client: Client, versions: int) -> list[str]:
    """The names of the versions, once so many are ready."""
    ends = time.perf_counter() + LONGEST_WAIT
    while time.perf_counter() < ends:
        models = await client.models()
        ready = sorted(
            name for name, model in models.items() if model["kind"] == "adapter" and model["ready"]
        )
        if len(ready) >= versions:
            return ready
        await asyncio.sleep(0.2)
    raise AssertionError(f"expected {versions} versions ready, found {ready}")


def _whole(chat: Chat) -> Chat:
    assert not chat.problem, chat.problem
    return chat


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


@asynccontextmanager
async def _open_site(
    gateways: Sequence[RunningService], registry: Registry, made: Sequence[Made]
) -> AsyncIterator[Site]:
    timeout = aiohttp.ClientTimeout(total=LONGEST_WAIT)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        clients = [Client(session, gateway.url) for gateway in gateways]
        loaded = [await _await_ready(client, 2) for client in clients]
        yield Site(clients, registry, loaded[0][:2], iter(made), write_prompts(0))


async def _measure_all(
    gateways: Sequence[RunningService], registry: Registry, made: Sequence[Made], repeats: int
) -> Figures:
    figures: Figures = {}
    async with _open_site(gateways, registry, made) as site:
        for number in range(20):
            _whole(
                await site.clients[0].chat(
                    [BUNDLED_NAME, *site.loaded][number % 3], next(site.prompts), tokens=8
                )
            )
        figures |= _show("promotions", await measure_promotions(site, repeats))
        figures |= _show("pauses", await measure_pauses(site, repeats))
        figures |= _show("swaps", await measure_swaps(site))
        figures |= _show("rollbacks, SQLite", _rollback_figures(await measure_rollbacks(site, ROLLBACKS), ""))
    return figures


async def _measure_elsewhere(gateways: Sequence[RunningService], registry: Registry) -> Figures:
    async with _open_site(gateways, registry, ()) as site:
        seconds = await measure_rollbacks(site, ROLLBACKS)
    return _show("rollbacks, PostgreSQL", _rollback_figures(seconds, "postgresql_"))


def _rollback_figures(seconds: Sequence[float], kind: str) -> Figures:
    return {f"rollback_{kind}s_p{percent}": _percentile(seconds, percent) for percent in (50, 99)}


def _show(what: str, figures: Figures) -> Figures:
    print(f"  {what}: {', '.join(f'{key} {value:.4g}' for key, value in figures.items())}", flush=True)
    return figures


def measure_gateway(repeats: int) -> Figures:
    """Start everything, measure, print what was measured, give the figures back."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        data = Path(name) / "data"
        data.mkdir()
        engine = stack.enter_context(run_engine(data))
        sqlite = f"sqlite:///{data / 'room.sqlite'}"
        shelves = data / "adapters", data / "adapters-postgres"  # the other has the bundled versions alone
        with (
            run_gateways(data, engine, GATEWAYS, sqlite, shelves[0]) as gateways,
            open_registry(sqlite) as registry,
        ):
            made = make_versions(data, repeats * (COLD_SWAPS + LOADS))
            figures |= asyncio.run(_measure_all(gateways, registry, made, repeats))
        postgres = stack.enter_context(run_postgres(_make_folder(Path(name) / "postgres")))
        if postgres:
            with (
                run_gateways(data, engine, GATEWAYS, postgres, shelves[1]) as gateways,
                open_registry(postgres) as registry,
            ):
                figures |= asyncio.run(_measure_elsewhere(gateways, registry))
    return {key: round(value, 3) for key, value in figures.items()}


def _make_folder(folder: Path) -> Path:
    """PostgreSQL may run as somebody else, who must get there."""
    folder.mkdir()
    folder.parent.chmod(0o755)
    return folder


def main() -> int:
    """Measure and print; the last line is JSON."""
    end_in_good_order()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    print(json.dumps(measure_gateway(parser.parse_args().repeats)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
