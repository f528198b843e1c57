"""The engine's process with a stub in the engine's place: start, death, hang, stop, and a killed gateway."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from serve.engine.client import EngineClient
from serve.engine.failure import explain_failure
from serve.engine.folder import EngineFolder
from serve.engine.guard import CappedLog, processes_of_session
from serve.engine.plan import EnginePlan
from serve.engine.process import GUARD, EngineProcess
from serve.engine.progress import ProgressWatch, read_figures
from serve.errors import EngineDown, EngineError

STUB = (sys.executable, "-m", "tests.serve.stub_engine")
ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 20
MESSAGES = [{"role": "user", "content": "Which box?"}]


def plan_stub(folder: Path, *more: str, command: tuple[str, ...] = STUB) -> EnginePlan:
    socket = folder / "run" / "engine.sock"
    whole = (*command, "--uds", str(socket), *more) if command is STUB else command
    environment = {"PYTHONPATH": str(ROOT)}
    return EnginePlan(whole, environment, socket, "http://engine", "base", (), 4096)


@asynccontextmanager
async def running(plan: EnginePlan, folder: Path, stall_seconds: float = 30) -> AsyncIterator[EngineProcess]:
    process = EngineProcess(plan, folder / "engine.log", stall_seconds=stall_seconds, start_seconds=20)
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


async def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def guard_of(folder: Path) -> int:
    """The process that guards the engine of `folder`, found as an administrator would."""
    for _ in range(50):  # a process that was started just now has no command line for a moment
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    line = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if b"guard.py" in line and str(folder).encode() in line:
                    return int(entry.name)
        time.sleep(0.1)
    raise AssertionError("no guard is running")


async def test_it_starts_answers_and_stops_whole(tmp_path: Path) -> None:
    told: list[str] = []
    plan = plan_stub(tmp_path, "--orphan")
    async with running(plan, tmp_path) as process:
        assert [process.state] == ["starting"]
        await process.wait_ready(told.append)
        assert [process.state] == ["ready"]
        assert "ready after" in told[-1]
        guard = guard_of(tmp_path)
        assert len(processes_of_session(guard)) == 3  # guard, server, its child
        assert os.stat(tmp_path / "run").st_mode & 0o777 == 0o700
    assert [process.state] == ["stopped"]
    assert processes_of_session(guard) == []
    assert not (tmp_path / "run" / "engine.sock").exists()
    assert "the stub starts" in (tmp_path / "engine.log").read_text()
    await process.stop()


async def test_an_engine_whose_log_lacks_the_self_test_does_not_serve(tmp_path: Path) -> None:
    plan = dataclasses.replace(plan_stub(tmp_path), must_log="self-test passed")
    async with running(plan, tmp_path) as process:
        with pytest.raises(EngineDown, match="without its plugin.*make install"):
            await process.wait_ready(lambda _: None)
        assert process.state == "failed"
    plan = dataclasses.replace(plan_stub(tmp_path), must_log="the stub starts")
    async with running(plan, tmp_path) as process:
        await process.wait_ready(lambda _: None)
        assert process.state == "ready"


async def test_a_killed_engine_is_replaced_and_its_answers_break_off_typed(tmp_path: Path) -> None:
    plan = plan_stub(tmp_path, "--orphan")
    client = EngineClient(plan.url, socket=plan.socket, stall_seconds=10)
    await client.start()
    async with running(plan, tmp_path) as process:
        await process.wait_ready(lambda _: None)
        watching = asyncio.create_task(process.watch())
        stream = client.stream({"model": "endless", "messages": MESSAGES})
        await anext(stream)
        guard = guard_of(tmp_path)
        first = processes_of_session(guard)
        server = next(pid for pid in first if pid != guard and is_server(pid))
        os.kill(server, signal.SIGKILL)
        with pytest.raises(EngineError, match="in the middle"):
            async for _ in stream:
                pass
        await wait_until(lambda: process.state == "restarting")
        with pytest.raises(EngineDown):
            await client.complete({"model": "plain", "messages": MESSAGES})
        await wait_until(lambda: process.state == "ready")
        answer = await client.complete({"model": "plain", "messages": MESSAGES})
        assert answer["choices"][0]["message"]["content"].startswith("Box 4")
        assert process.restarts == 1
        assert not set(first) & set(all_processes())
    await watching
    await client.close()


async def test_a_frozen_engine_is_noticed_by_its_progress_and_replaced(tmp_path: Path) -> None:
    """Its server still says that all is well: only the tokens do not come."""
    plan = plan_stub(tmp_path)
    client = EngineClient(plan.url, socket=plan.socket, stall_seconds=10)
    await client.start()
    async with running(plan, tmp_path, stall_seconds=2) as process:
        await process.wait_ready(lambda _: None)
        watching = asyncio.create_task(process.watch())
        stream = client.stream({"model": "hang", "messages": MESSAGES})
        await anext(stream)
        assert await client.is_alive()
        with pytest.raises(EngineError, match="in the middle"):
            await anext(stream)
        await wait_until(lambda: process.restarts == 1 and process.state == "ready")
        assert await client.is_alive()
    await watching
    await client.close()


async def test_a_busy_engine_is_left_alone(tmp_path: Path) -> None:
    plan = plan_stub(tmp_path)
    client = EngineClient(plan.url, socket=plan.socket, stall_seconds=10)
    await client.start()
    async with running(plan, tmp_path, stall_seconds=1) as process:
        await process.wait_ready(lambda _: None)
        watching = asyncio.create_task(process.watch())
        until = time.monotonic() + 3
        async for _ in client.stream({"model": "endless", "messages": MESSAGES}):
            if time.monotonic() > until:
                break
        assert (process.state, process.restarts) == ("ready", 0)
    await watching
    await client.close()


async def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    complain = "import sys; print('ValueError: No available memory for the cache blocks'); sys.exit(1)"
    plan = plan_stub(tmp_path, command=(sys.executable, "-c", complain))
    async with running(plan, tmp_path) as process:
        with pytest.raises(EngineDown, match="No available memory .* lower READING_ROOM_ENGINE_CONTEXT"):
            await process.wait_ready(lambda _: None)
        assert process.state == "failed"
        assert "No available memory" in process.problem


async def test_a_start_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    plan = plan_stub(tmp_path, command=(sys.executable, "-c", "import time; time.sleep(600)"))
    process = EngineProcess(plan, tmp_path / "log", stall_seconds=30, start_seconds=0.5)
    await process.start()
    guard = guard_of(tmp_path)
    with pytest.raises(EngineDown, match="not ready after 0.5 s"):
        await process.wait_ready(lambda _: None)
    assert processes_of_session(guard) == []
    await process.stop()


async def test_an_engine_that_keeps_dying_is_tried_again_more_and_more_slowly(tmp_path: Path) -> None:
    plan = plan_stub(tmp_path, command=(sys.executable, "-c", "raise SystemExit('ValueError: no')"))
    async with running(plan, tmp_path) as process:
        watching = asyncio.create_task(process.watch())
        began = time.monotonic()
        await wait_until(lambda: process.restarts == 2)
        assert time.monotonic() - began >= 3  # pauses of 1 s and 2 s
    await asyncio.wait_for(watching, 5)
    assert process.state == "stopped"


async def test_one_folder_takes_one_engine(tmp_path: Path) -> None:
    async with running(plan_stub(tmp_path), tmp_path) as process:
        await process.wait_ready(lambda _: None)
        second = EngineFolder(tmp_path / "run", patience=0.3)
        with pytest.raises(EngineDown, match="Another Reading Room runs an engine in"):
            await second.take()
        second.release()
        assert (tmp_path / "run" / "engine.sock").exists()
    await second.take()
    second.release()


async def test_a_folder_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(EngineDown, match="somebody else's"):
        await EngineFolder(tmp_path / "run").take()


GATEWAY = """
import asyncio, sys
from pathlib import Path
from serve.engine.process import GUARD, EngineProcess
from tests.serve.test_engine_process import plan_stub

async def main() -> None:
    folder = Path(sys.argv[1])
    process = EngineProcess(plan_stub(folder, "--orphan"), folder / "log", stall_seconds=30, start_seconds=30)
    await process.start()
    await process.wait_ready(lambda _: None)
    print("ready", flush=True)
    await process.watch()

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_when_the_gateway_dies_so_does_the_engine(tmp_path: Path, number: signal.Signals) -> None:
    gateway = subprocess.Popen(
        [sys.executable, "-c", GATEWAY, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert gateway.stdout is not None
    assert await asyncio.to_thread(gateway.stdout.readline) == b"ready\n"
    gateway.stdout.close()
    guard = guard_of(tmp_path)
    left = processes_of_session(guard)
    assert len(left) == 3
    gateway.send_signal(number)
    await asyncio.to_thread(gateway.wait, WAIT_SECONDS)
    await wait_until(lambda: not set(left) & set(all_processes()))


async def test_when_the_guard_is_killed_the_engine_dies_and_comes_back(tmp_path: Path) -> None:
    plan = plan_stub(tmp_path, "--orphan")
    async with running(plan, tmp_path) as process:
        await process.wait_ready(lambda _: None)
        watching = asyncio.create_task(process.watch())
        guard = guard_of(tmp_path)
        left = processes_of_session(guard)
        os.kill(guard, signal.SIGKILL)
        await wait_until(lambda: process.restarts == 1 and process.state == "ready")
        assert not set(left) & set(all_processes())
    await watching


async def test_what_outlived_gateway_guard_and_server_is_ended_by_the_next_start(tmp_path: Path) -> None:
    gateway = subprocess.Popen(
        [sys.executable, "-c", GATEWAY, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert gateway.stdout is not None
    assert await asyncio.to_thread(gateway.stdout.readline) == b"ready\n"
    gateway.stdout.close()
    guard = guard_of(tmp_path)
    (left,) = [pid for pid in processes_of_session(guard) if pid != guard and not is_server(pid)]
    gateway.kill()
    os.kill(guard, signal.SIGKILL)
    await asyncio.to_thread(gateway.wait, WAIT_SECONDS)
    await wait_until(lambda: processes_of_session(guard) == [left])  # the server dies with its guard
    bystander = subprocess.Popen(
        [sys.executable, "-c", "input()"], cwd=tmp_path / "run", stdin=subprocess.PIPE
    )
    async with running(plan_stub(tmp_path), tmp_path) as process:
        await process.wait_ready(lambda _: None)
        assert left not in all_processes()
        assert bystander.poll() is None
    bystander.communicate(b"\n")


def test_the_guard_does_not_go_by_the_engine_s_name(tmp_path: Path) -> None:
    """Somebody's `pkill -9 -f vllm` must leave it, to end what that leaves."""
    asked = [sys.executable, "-c", "print('it is vllm.entrypoints')"]
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARD), str(tmp_path / "log"), "1000"],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    assert guard.stdin is not None
    assert b"vllm" not in Path(f"/proc/{guard.pid}/cmdline").read_bytes()
    guard.stdin.write(json.dumps(asked).encode() + b"\n")
    guard.stdin.flush()
    assert guard.wait(WAIT_SECONDS) == 0
    guard.stdin.close()
    assert (tmp_path / "log").read_text() == "it is vllm.entrypoints\n"


def test_the_guard_refuses_a_session_that_is_not_its_own(tmp_path: Path) -> None:
    """It would end everything in it: the terminal that it was started from."""
    ended = subprocess.run(
        [sys.executable, "-I", "-S", str(GUARD), str(tmp_path / "log"), "1000"],
        input=b'["true"]\n',
        stderr=subprocess.PIPE,
    )
    assert ended.returncode == 1
    assert b"a session of its own" in ended.stderr


def is_server(pid: int) -> bool:
    return b"tests.serve.stub_engine" in Path(f"/proc/{pid}/cmdline").read_bytes()


def all_processes() -> list[int]:
    """Every living process; zombies wait only for whoever collects them."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and state_of(entry) not in ("Z", "")
    ]


def state_of(entry: Path) -> str:
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


RUNNING = (("vllm:num_requests_running", 1.0), ("vllm:generation_tokens_total", 7.0))
FURTHER = (("vllm:num_requests_running", 1.0), ("vllm:generation_tokens_total", 8.0))
IDLE = (("vllm:num_requests_running", 0.0), ("vllm:generation_tokens_total", 8.0))


def test_no_movement_under_work_is_a_hang() -> None:
    watch = ProgressWatch(patience=10)
    assert [watch.observe(now, RUNNING, 0) for now in (0, 5, 10, 10.1)] == [False, False, False, True]


def test_any_movement_is_progress() -> None:
    watch = ProgressWatch(patience=10)
    looks = [(0, RUNNING), (9, FURTHER), (18, RUNNING), (27, FURTHER)]
    assert not any(watch.observe(now, figures, 3) for now, figures in looks)


def test_an_idle_engine_never_hangs() -> None:
    watch = ProgressWatch(patience=10)
    assert not any(watch.observe(now, IDLE, 0) for now in (0, 100, 200))
    assert not watch.observe(201, IDLE, 1)
    assert watch.observe(212, IDLE, 1)


def test_metrics_that_are_not_answered_are_a_hang_too() -> None:
    watch = ProgressWatch(patience=10)
    assert [watch.observe(now, None, 0) for now in (0, 9, 11)] == [False, False, True]


def test_figures_are_read_from_vllm_s_metrics() -> None:
    told = (
        "# HELP vllm:num_requests_running Number\n"
        'vllm:num_requests_running{engine="0",model_name="a b"} 2.0\n'
        'vllm:generation_tokens_total{engine="0"} 1.5e+06\n'
        "python_gc_objects_collected_total 3\n"
    )
    assert read_figures(told) == (
        ('vllm:num_requests_running{engine="0",model_name="a b"}', 2.0),
        ('vllm:generation_tokens_total{engine="0"}', 1.5e6),
    )


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", "it wrote no error."),
        (
            "(EngineCore pid=1) ERROR 11-21 05:36:13 [core.py:1] Traceback (most recent call last):\n"
            "(EngineCore pid=1) ERROR 11-21 05:36:13 [core.py:1] ValueError: Available memory on node 0 is 1 GiB\n"
            "(APIServer pid=2) RuntimeError: Engine core initialization failed. See root cause above.\n",
            "ValueError: Available memory on node 0 is 1 GiB Free some memory",
        ),
        ("ModuleNotFoundError: No module named 'vllm'", "Run `make install`"),
        ("OSError: Can't load the configuration of '/models/x'.", "Set READING_ROOM_MODEL"),
        ("api_server.py: error: unrecognized arguments: --new", "another version"),
        ("subprocess.CalledProcessError: Command 'lscpu --json' returned 127.", "util-linux"),
        ("OSError: [Errno 28] No space left on device", "Free disk space"),
        ("SomethingError: odd\nINFO all is well", "SomethingError: odd"),
    ],
)
def test_a_failure_is_explained_by_its_cause_and_remedy(log: str, expected: str) -> None:
    assert expected in explain_failure(log)


def test_the_log_never_grows_beyond_its_limit(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "engine.log", 1000)
    for number in range(100):
        log.write(b"%99d\n" % number)
    log.close()
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes == {"engine.log": 1000, "engine.log.1": 1000}
    assert (tmp_path / "engine.log").read_bytes().split()[-1] == b"99"
    assert (tmp_path / "engine.log").stat().st_mode & 0o777 == 0o600
