"""Several engines: who takes an answer, who is left out and comes back, and what is asked elsewhere once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from serve.adapters.probes import ProbeResult
from serve.engine.client import EngineClient
from serve.engine.pool import Engines
from serve.errors import EngineDown, EngineError, EngineRefused, EngineStalled
from tests.serve.stub_engine import WHOLE, StubEngine

VERSION, OTHER = "terse--v1-00000000", "formal--v1-00000000"
PIECES = WHOLE.count("data: ") - 1
STALL_SECONDS = 0.5
SOON = 20.0


@dataclass
class Shelf:
    """Stub engines at sockets of their own, which can be shut and opened again, and the pool over them."""

    folder: Path
    stubs: list[StubEngine]
    pool: Engines
    runners: dict[int, web.AppRunner] = field(default_factory=dict)

    async def open(self, number: int) -> None:
        runner = web.AppRunner(self.stubs[number].app(), shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        await web.UnixSite(runner, str(self.folder / str(number))).start()
        self.runners[number] = runner

    async def shut(self, number: int) -> None:
        await self.runners.pop(number).cleanup()

    async def refresh(self) -> None:
        await self.pool.look()
        await self.pool.prepare()

    async def refresh_until(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SOON
        while not reached():
            assert time.monotonic() < deadline
            await self.refresh()
            await asyncio.sleep(0.02)

    def ready_on(self, number: int) -> frozenset[str]:
        return self.pool.ready.get(self.pool.clients[number], frozenset())

    def is_up(self, number: int) -> bool:
        return self.pool.clients[number] in self.pool.served

    def number_of_preferred(self, affinity: str, version: str = "base") -> int:
        """Whom an idle pool gives that conversation to."""
        chosen = self.pool._choose(version, affinity).client
        return list(self.pool.clients).index(chosen)

    def affinity_for(self, number: int, version: str = "base") -> str:
        """A conversation that prefers that engine."""
        return next(
            f"talk {count}"
            for count in range(1000)
            if self.number_of_preferred(f"talk {count}", version) == number
        )


Make = Callable[..., Awaitable[Shelf]]


@pytest_asyncio.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    async with AsyncExitStack() as stack:

        async def make_shelf(*stubs: StubEngine, look_seconds: float = 0.3) -> Shelf:
            clients = [
                EngineClient("http://engine", socket=tmp_path / str(number), stall_seconds=STALL_SECONDS)
                for number in range(len(stubs))
            ]
            pool = Engines(clients, stall_seconds=STALL_SECONDS, look_seconds=look_seconds)
            shelf = Shelf(tmp_path, list(stubs), pool)
            for number, client in enumerate(clients):
                await client.start()
                stack.push_async_callback(client.close)
                await shelf.open(number)
            stack.push_async_callback(pool.close)

            async def shut_all() -> None:
                for number in list(shelf.runners):
                    await shelf.shut(number)

            stack.push_async_callback(shut_all)
            await shelf.refresh()
            return shelf

        yield make_shelf


async def ask(pool: Engines, version: str = "base", affinity: str = "a") -> list[bytes]:
    body = {"messages": [{"role": "user", "content": "Which box?"}]}
    return [payload async for payload in pool.stream(version, body, affinity=affinity)]


def asked(stub: StubEngine) -> list[object]:
    return [body["model"] for body in stub.bodies]


async def test_what_the_engines_serve_is_known_after_a_look(make: Make) -> None:
    shelf = await make(StubEngine({}), StubEngine({}))
    assert (shelf.pool.base, shelf.pool.context) == ("base", 4096)
    assert shelf.pool.names == shelf.pool.offered == {"base"}
    assert set(shelf.pool.served) == set(shelf.pool.clients)


async def test_the_version_is_what_the_engine_is_asked_for(make: Make) -> None:
    shelf = await make(StubEngine({VERSION: 2.0}))
    shelf.pool.wanted = {VERSION: None}
    await shelf.refresh()
    assert len(await ask(shelf.pool, VERSION)) == PIECES
    answer = await shelf.pool.complete(VERSION, {"messages": []}, affinity="a")
    assert answer["choices"][0]["message"]["content"] == "Box 4, folder 2 — “é”."
    assert asked(shelf.stubs[0]) == [VERSION, VERSION]
    assert shelf.stubs[0].bodies[-1]["stream"] is True


async def test_a_conversation_stays_with_its_engine_and_conversations_spread(make: Make) -> None:
    shelf = await make(*(StubEngine({}) for _ in range(4)))
    first = [shelf.number_of_preferred(f"talk {count}") for count in range(4000)]
    assert first == [shelf.number_of_preferred(f"talk {count}") for count in range(4000)]
    shares = Counter(first)
    assert set(shares) == {0, 1, 2, 3}
    assert all(850 < share < 1150 for share in shares.values()), shares  # 1000 ± 5.5 standard deviations
    for _ in range(5):
        await ask(shelf.pool, affinity="talk 0")
    assert [len(stub.bodies) for stub in shelf.stubs] == [5 * (number == first[0]) for number in range(4)]


async def test_only_the_conversations_of_an_engine_that_goes_move(make: Make) -> None:
    shelf = await make(*(StubEngine({}) for _ in range(4)))
    before = [shelf.number_of_preferred(f"talk {count}") for count in range(400)]
    await shelf.shut(2)
    await shelf.refresh()
    after = [shelf.number_of_preferred(f"talk {count}") for count in range(400)]
    moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert {old for old, _ in moved} == {2}
    assert {new for _, new in moved} == {0, 1, 3}
    assert len(moved) == before.count(2)


@pytest.mark.parametrize(("count", "expected"), [(3, [3, 0]), (4, [3, 1]), (8, [5, 3])])
async def test_the_preferred_engine_takes_two_more_than_the_one_with_least(
    make: Make, count: int, expected: list[int]
) -> None:
    shelf = await make(StubEngine({}), StubEngine({}))
    for stub in shelf.stubs:
        stub.fault = "endless"
    affinity = shelf.affinity_for(0)
    streams = [shelf.pool.stream("base", {}, affinity=affinity) for _ in range(count)]
    for stream in streams:
        await anext(stream)
    assert [client.in_flight for client in shelf.pool.clients] == expected
    for stream in streams:
        await stream.aclose()
    assert [client.in_flight for client in shelf.pool.clients] == [0, 0]


async def test_under_load_the_preferred_engine_takes_a_quarter_more(make: Make) -> None:
    shelf = await make(StubEngine({}), StubEngine({}))
    affinity = shelf.affinity_for(1)
    shelf.pool.clients[0].in_flight, shelf.pool.clients[1].in_flight = 40, 50
    assert shelf.number_of_preferred(affinity) == 1
    shelf.pool.clients[1].in_flight = 51
    assert shelf.number_of_preferred(affinity) == 0
    shelf.pool.clients[0].in_flight = shelf.pool.clients[1].in_flight = 0


@pytest.mark.parametrize("fault", ["drop-before", "drop-first", "503", "silent"])
async def test_what_brought_no_byte_is_asked_once_elsewhere(make: Make, fault: str) -> None:
    shelf = await make(StubEngine({}), StubEngine({}))
    affinity = shelf.affinity_for(0)
    shelf.stubs[0].fault = fault
    assert len(await ask(shelf.pool, affinity=affinity)) == PIECES
    assert [len(stub.bodies) for stub in shelf.stubs] == [1, 1]
    assert shelf.is_up(0) is (fault == "503")  # a full engine is not a failed one
    assert shelf.is_up(1)
    await ask(shelf.pool, affinity=affinity)
    assert len(shelf.stubs[0].bodies) == (2 if fault == "503" else 1)


async def test_a_refused_connection_is_asked_elsewhere_and_the_engine_comes_back(make: Make) -> None:
    shelf = await make(StubEngine({}), StubEngine({}))
    affinity = shelf.affinity_for(0)
    await shelf.shut(0)
    assert len(await ask(shelf.pool, affinity=affinity)) == PIECES
    await shelf.refresh()
    assert not shelf.is_up(0)
    await shelf.open(0)
    await shelf.refresh()
    assert shelf.is_up(0)
    await ask(shelf.pool, affinity=affinity)
    assert [len(stub.bodies) for stub in shelf.stubs] == [1, 1]


async def test_it_is_asked_elsewhere_once_only(make: Make) -> None:
    shelf = await make(*(StubEngine({}) for _ in range(3)))
    for stub in shelf.stubs:
        stub.fault = "drop-before"
    with pytest.raises(EngineDown):
        await ask(shelf.pool)
    assert sorted(len(stub.bodies) for stub in shelf.stubs) == [0, 1, 1]
    with pytest.raises(EngineDown):
        await ask(shelf.pool)
    assert [len(stub.bodies) for stub in shelf.stubs] == [1, 1, 1]
    with pytest.raises(EngineDown, match="not available"):
        await ask(shelf.pool)
    assert [len(stub.bodies) for stub in shelf.stubs] == [1, 1, 1]


@pytest.mark.parametrize(("fault", "kind"), [("drop-before", EngineDown), ("silent", EngineStalled)])
async def test_the_only_engine_is_not_asked_again(make: Make, fault: str, kind: type[EngineError]) -> None:
    shelf = await make(StubEngine({}))
    shelf.stubs[0].fault = fault
    with pytest.raises(kind):
        await ask(shelf.pool)
    assert len(shelf.stubs[0].bodies) == 1


@pytest.mark.parametrize(
    ("fault", "kind"), [("half", EngineError), ("hang", EngineStalled), ("error-inside", EngineError)]
)
async def test_nothing_is_asked_again_after_a_byte(make: Make, fault: str, kind: type[EngineError]) -> None:
    shelf = await make(StubEngine({}), StubEngine({}))
    affinity = shelf.affinity_for(0)
    shelf.stubs[0].fault = fault
    got = []
    with pytest.raises(EngineError) as caught:
        async for payload in shelf.pool.stream("base", {}, affinity=affinity):
            got.append(payload)
    assert type(caught.value) is kind
    assert len(got) == 1
    assert [len(stub.bodies) for stub in shelf.stubs] == [1, 0]


@pytest.mark.parametrize("fault", ["400", "422", "error-first"])
async def test_a_refusal_that_is_the_same_everywhere_is_not_asked_again(make: Make, fault: str) -> None:
    shelf = await make(StubEngine({}), StubEngine({}))
    for stub in shelf.stubs:
        stub.fault = fault
    with pytest.raises(EngineRefused):
        await ask(shelf.pool)
    assert sum(len(stub.bodies) for stub in shelf.stubs) == 1
    assert len(shelf.pool.served) == 2


async def test_an_engine_with_work_that_writes_no_token_is_left_out_until_it_does(make: Make) -> None:
    shelf = await make(StubEngine({VERSION: 2.0}), StubEngine({VERSION: 2.0}))
    shelf.pool.wanted = {VERSION: None}
    await shelf.refresh()
    shelf.stubs[0].hung, shelf.stubs[0].running = True, 1  # as after a step that never ends
    await shelf.refresh_until(lambda: not shelf.is_up(0))
    for count in range(20):
        await ask(shelf.pool, VERSION, affinity=f"talk {count}")
    assert [len(stub.bodies) for stub in shelf.stubs] == [0, 20]
    assert shelf.pool.offered == {"base", VERSION}
    shelf.stubs[0].hung, shelf.stubs[0].running = False, 0
    await shelf.refresh_until(lambda: shelf.is_up(0))
    assert shelf.ready_on(0) == {VERSION}


async def test_a_stalled_engine_stays_out_while_it_only_says_that_it_is_well(make: Make) -> None:
    """It serves /health, /v1/models and idle figures: no watch on them could tell."""
    shelf = await make(StubEngine({}), StubEngine({}))
    shelf.stubs[0].hung = True
    await ask(shelf.pool, affinity=shelf.affinity_for(0))
    for _ in range(5):
        await shelf.refresh()
        assert not shelf.is_up(0)
    shelf.stubs[0].hung = False
    await shelf.refresh_until(lambda: shelf.is_up(0))


async def test_a_look_at_an_engine_that_does_not_answer_keeps_nobody_waiting(make: Make) -> None:
    shelf = await make(StubEngine({}), StubEngine({}))
    affinity = shelf.affinity_for(0)
    shelf.stubs[0].silent = True
    await shelf.refresh()
    assert shelf.is_up(0)  # one long step is no hang
    await asyncio.sleep(0.1)
    assert shelf.number_of_preferred(affinity) == 1  # but whoever answers in time is asked first
    shelf.stubs[1].names = ["base", "new"]
    await shelf.refresh()
    assert "new" in shelf.pool.names
    await shelf.shut(1)
    await shelf.refresh()
    assert not shelf.is_up(1)


async def test_versions_are_probed_one_at_a_time_before_they_are_offered(make: Make) -> None:
    shelf = await make(StubEngine({VERSION: 2.0, OTHER: 3.0}), StubEngine({VERSION: 2.0, OTHER: 3.0}))
    seen: list[tuple[str, EngineClient, ProbeResult]] = []
    shelf.pool.on_probe = lambda version, client, result: seen.append((version, client, result))
    shelf.pool.wanted = {VERSION: None, OTHER: None}
    assert shelf.pool.offered == {"base"}
    with pytest.raises(EngineDown):
        await ask(shelf.pool, VERSION)
    await shelf.refresh()
    assert shelf.pool.offered == {"base", VERSION, OTHER}
    assert [stub.probed for stub in shelf.stubs] == [[VERSION, OTHER], [VERSION, OTHER]]
    assert [stub.most_probing for stub in shelf.stubs] == [1, 1]
    assert {(version, client) for version, client, _ in seen} == {
        (version, client) for version in (VERSION, OTHER) for client in shelf.pool.clients
    }
    assert {(version, result.ok, result.effect) for version, _, result in seen} == {
        (VERSION, True, 2.0), (OTHER, True, 3.0),
    }  # fmt: skip
    await shelf.refresh()
    assert [len(stub.probed) for stub in shelf.stubs] == [2, 2]  # once is enough


async def test_a_version_that_is_no_longer_wanted_is_no_longer_offered(make: Make) -> None:
    shelf = await make(StubEngine({VERSION: 2.0}))
    shelf.pool.wanted = {VERSION: None}
    await shelf.refresh()
    shelf.pool.wanted = {}
    await shelf.refresh()
    assert shelf.pool.offered == {"base"}
    with pytest.raises(EngineDown):
        await ask(shelf.pool, VERSION)


async def test_a_version_without_effect_is_not_offered_and_the_others_are(make: Make) -> None:
    shelf = await make(StubEngine({VERSION: 0.4, OTHER: 0.6}))
    verdicts: dict[str, ProbeResult] = {}
    shelf.pool.on_probe = lambda version, _, result: verdicts.update({version: result})
    shelf.pool.wanted = {VERSION: None, OTHER: None}
    await shelf.refresh()
    assert shelf.pool.offered == {"base", OTHER}
    assert "answers as the base does" in verdicts[VERSION].problem
    assert verdicts[OTHER].ok


async def test_a_verdict_that_cannot_be_passed_on_stops_nothing(make: Make) -> None:
    shelf = await make(StubEngine({VERSION: 2.0, OTHER: 2.0}))

    def fail(version: str, client: EngineClient, result: ProbeResult) -> None:
        raise OSError("the database is gone")

    shelf.pool.on_probe = fail
    shelf.pool.wanted = {VERSION: None, OTHER: None}
    await shelf.refresh()
    assert shelf.pool.offered == {"base", VERSION, OTHER}


async def test_an_engine_without_a_version_is_left_out_for_it_until_it_has_it(make: Make) -> None:
    shelf = await make(StubEngine({}), StubEngine({VERSION: 2.0}))
    verdicts: list[tuple[str, EngineClient, ProbeResult]] = []
    shelf.pool.on_probe = lambda *verdict: verdicts.append(verdict)
    shelf.pool.wanted = {VERSION: None}
    await shelf.refresh()
    assert [shelf.ready_on(0), shelf.ready_on(1)] == [frozenset(), {VERSION}]
    assert [client for _, client, _ in verdicts] == [shelf.pool.clients[1]]  # a lack is no verdict
    for count in range(12):
        await ask(shelf.pool, VERSION, affinity=f"talk {count}")
    assert [len(stub.bodies) for stub in shelf.stubs] == [0, 12]
    await ask(shelf.pool, affinity=shelf.affinity_for(0))
    assert asked(shelf.stubs[0]) == ["base"]
    shelf.stubs[0].effects = {VERSION: 2.0}
    await shelf.refresh_until(lambda: shelf.ready_on(0) == {VERSION})


async def test_an_engine_that_has_lost_a_version_is_asked_for_it_once(make: Make) -> None:
    shelf = await make(StubEngine({VERSION: 2.0}), StubEngine({VERSION: 2.0}))
    shelf.pool.wanted = {VERSION: None}
    await shelf.refresh()
    affinity = shelf.affinity_for(0, VERSION)
    shelf.stubs[0].effects, shelf.stubs[0].names = {}, ["base"]
    for _ in range(3):
        assert len(await ask(shelf.pool, VERSION, affinity)) == PIECES
    assert asked(shelf.stubs[1]) == [VERSION] * 3
    assert shelf.stubs[0].bodies == [{"messages": shelf.stubs[1].bodies[0]["messages"], "model": VERSION}]
    assert shelf.is_up(0)  # for the base it is as good as before
    shelf.stubs[1].effects, shelf.stubs[1].names = {}, ["base"]
    with pytest.raises(EngineDown, match="not available"):
        await ask(shelf.pool, VERSION, affinity)


@pytest.mark.parametrize("sign", ["names", "start"])
async def test_an_engine_that_restarted_is_prepared_again_first(make: Make, sign: str) -> None:
    shelf = await make(StubEngine({VERSION: 2.0}), StubEngine({VERSION: 2.0}))
    shelf.pool.wanted = {VERSION: None}
    await shelf.refresh()
    if sign == "names":
        shelf.stubs[0].names = ["base"]
    else:
        shelf.stubs[0].started = 2.0
    await shelf.pool.look()
    assert [shelf.ready_on(0), shelf.ready_on(1)] == [frozenset(), {VERSION}]
    for count in range(12):
        await ask(shelf.pool, VERSION, affinity=f"talk {count}")
    assert [len(stub.bodies) for stub in shelf.stubs] == [0, 12]
    await shelf.refresh()
    assert shelf.ready_on(0) == {VERSION}
    assert shelf.stubs[0].probed == [VERSION, VERSION]


async def test_an_engine_with_another_base_gets_nothing_to_write(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = StubEngine({VERSION: 2.0})
    stranger.names = ["another"]
    shelf = await make(StubEngine({VERSION: 2.0}), stranger)
    shelf.pool.wanted = {VERSION: None}
    await shelf.refresh()
    await shelf.refresh()
    assert stranger.probed == []
    for count in range(12):
        await ask(shelf.pool, affinity=f"talk {count}")
        await ask(shelf.pool, VERSION, affinity=f"talk {count}")
    assert stranger.bodies == []
    assert [record.message for record in caplog.records if "expected base" in record.message] != []


async def test_no_engine_at_all_is_said(make: Make) -> None:
    shelf = await make()
    with pytest.raises(EngineDown, match="not available"):
        await ask(shelf.pool)
    with pytest.raises(EngineDown, match="not available"):
        await shelf.pool.complete("base", {}, affinity="a")
