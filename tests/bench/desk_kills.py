"""A gateway killed (SIGKILL) again and again while patrons send feedback: `python -m tests.bench.desk_kills 1000`.

Several clients send feedback at once. At a random moment the gateway is killed; the next one is sent what was not
acknowledged again, with the same keys, as clients do. In the end the database is compared with what
was acknowledged. Then, without kills, how much feedback a second is acknowledged, each on disk by then. The
last line is JSON.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sqlite3
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.desk_gateway import Gateway, run_gateway

CLIENTS = 4
LONGEST_ROUND = 60.0
SETTING = "SQLite, WAL, synchronous=FULL"


@dataclass(slots=True)
class Ledger:
    """What clients have sent, and the id under which each key was acknowledged. Lists are only appended to."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    waiting: deque[str] = field(default_factory=deque)
    """Keys that were sent and not answered."""
    sent: int = 0
    resent: int = 0
    changed: int = 0
    """Keys that were answered twice, by another id."""
    refused: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_key(self) -> str:
        with self.lock:
            if self.waiting:
                self.resent += 1
                return self.waiting.popleft()
            self.sent += 1
            return f"key-{self.sent}"

    def acknowledge(self, key: str, name: str) -> None:
        with self.lock:
            self.changed += self.acknowledged.setdefault(key, name) != name


def send(gateway: Gateway, ledger: Ledger, stop: threading.Event) -> None:
    """One client: feedback after feedback until told to stop, or until nobody answers any more."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    try:
        while not stop.is_set():
            key = ledger.next_key()
            try:
                connection.request("POST", "/v1/feedback", write(key), {"Content-Type": "application/json"})
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException):
                with ledger.lock:
                    ledger.waiting.append(key)
                return
            if response.status == 201:
                ledger.acknowledge(key, json.loads(body)["id"])
            else:
                ledger.refused.append(body.decode())
                return
    finally:
        connection.close()


def write(key: str) -> str:
    """What a patron says of one answer."""
    return json.dumps({
        "answer_id": f"answer of {key}", "idempotency_key": key, "thumb": "down", "reasons": ["wrong_fact"],
        "comment": f"Box 4, not box 3 ({key}).", "question": "Which box?", "answer": "Box 3 [1].",
        "conversation": f"conversation-of-{key}", "consent": "feedback-1",
    })  # fmt: skip


def run_clients(
    gateway: Gateway, ledger: Ledger, count: int, stop: threading.Event
) -> list[threading.Thread]:
    threads = [threading.Thread(target=send, args=(gateway, ledger, stop)) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def kill_once(data: Path, ledger: Ledger, draw: random.Random) -> None:
    """Start, let clients send, and kill after a few acknowledgements and a moment more."""
    with run_gateway(data) as gateway:
        stop, before = threading.Event(), len(ledger.acknowledged)
        threads = run_clients(gateway, ledger, CLIENTS, stop)
        wanted, until = before + draw.randint(1, 12), time.monotonic() + LONGEST_ROUND
        while len(ledger.acknowledged) < wanted and not ledger.refused:
            assert time.monotonic() < until, "no feedback was acknowledged"
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.02))
        gateway.kill()
        stop.set()
        for thread in threads:
            thread.join()


def settle(data: Path, ledger: Ledger) -> None:
    """Send what is still unanswered."""
    with run_gateway(data) as gateway:
        while ledger.waiting and not ledger.refused:
            stop = threading.Event()
            threads = run_clients(gateway, ledger, 1, stop)
            while ledger.waiting and threads[0].is_alive():
                time.sleep(0.001)
            stop.set()
            threads[0].join()


def compare(data: Path, ledger: Ledger) -> dict[str, object]:
    """What the database has against what was acknowledged."""
    database = sqlite3.connect(data / "reading-room.sqlite")
    rows = database.execute("SELECT idempotency_key, id, answer_id, comment FROM feedback").fetchall()
    whole = database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    database.close()
    kept = {key: name for key, name, _, _ in rows}
    lost = [key for key, name in ledger.acknowledged.items() if kept.get(key) != name]
    torn = [key for key, _, _, comment in rows if comment != f"Box 4, not box 3 ({key})."]
    return {
        "sent": ledger.sent,
        "resent": ledger.resent,
        "acknowledged": len(ledger.acknowledged),
        "acknowledged_lost": len(lost),
        "doubled": len(rows) - len({answer for _, _, answer, _ in rows}) + ledger.changed,
        "torn": len(torn),
        "refused": len(ledger.refused),
        "database_whole": whole,
    }


def measure(data: Path, clients: int, seconds: float) -> float:
    """Acknowledged feedback per second, nobody killing anything."""
    ledger, stop = Ledger(), threading.Event()
    with run_gateway(data) as gateway:
        threads = run_clients(gateway, ledger, clients, stop)
        started = time.perf_counter()
        time.sleep(seconds)
        stop.set()
        for thread in threads:
            thread.join()
        return round(len(ledger.acknowledged) / (time.perf_counter() - started), 1)


def run_kills(folder: Path, kills: int, seed: int = 0) -> dict[str, object]:
    """Kill so many times, then compare."""
    ledger, draw = Ledger(), random.Random(seed)
    for number in range(kills):
        kill_once(folder, ledger, draw)
        if (number + 1) % 50 == 0:
            print(f"{number + 1} kills, {len(ledger.acknowledged)} acknowledged", flush=True)
    settle(folder, ledger)
    return {"kills": kills, **compare(folder, ledger)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=1_000)
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="of each measurement; default: %(default)s"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run_kills(Path(folder) / "killed", arguments.kills)
        for clients in (1, 8):
            rate = measure(Path(folder) / f"measured-{clients}", clients, arguments.seconds)
            figures[f"durable_feedback_per_second_{clients}"] = rate
    print(json.dumps({**figures, "setting": SETTING}))


if __name__ == "__main__":
    main()
