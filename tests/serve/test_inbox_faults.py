"""A process that is killed in the middle of judging and approving: nothing acknowledged is lost, nothing is
there by half or twice, and sending it all again brings the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter

import pytest
from sqlalchemy import select

from retrieval.library import Library
from serve.curation.pairs import read_pairs
from serve.curation.tables import InboxGroup, InboxJudgement, PairEvent
from serve.database import Database
from tests.serve.curation_parts import library as library
from tests.serve.curation_parts import put_in

QUESTIONS = [f"Do you hold a letter about the {year} flood?" for year in range(1800, 1830)]
WORKER = """
import sys
from pathlib import Path
from retrieval.embedding import load_embedder
from retrieval.library import Library
from serve.curation.checking import Checker
from serve.curation.judging import Judging
from serve.curation.steps import PairSteps
from serve.database import Database
from serve.wire.inbox import JudgementRequest
from tests.serve.curation_parts import ADA, EVE
url, root, *groups = sys.argv[1:]
database, library = Database(url), Library(Path(root), load_embedder())
checker = Checker(library, len)
for group in groups:
    request = JudgementRequest(verdict="not_held", revision=1, idempotency_key=f"judge {group}")
    with database.sessions.begin() as session:
        pair = Judging(session, ADA, library, checker).judge(group, request).pair.id
    print("judged", group, pair, flush=True)
    with database.sessions.begin() as session:
        PairSteps(session, EVE, checker).approve(
            pair, 2, waiver="It asks nearly the same as others.", key=f"approve {pair}"
        )
    print("approved", group, pair, flush=True)
"""


def start(url: str, root: str, groups: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, url, root, *groups], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("after", [1, 8])
def test_a_kill_loses_nothing_acknowledged_and_doubles_nothing(
    database: Database, url: str, library: Library, after: int
) -> None:
    groups = list(dict.fromkeys(put_in(database, library, QUESTIONS)))
    assert len(groups) == len(QUESTIONS)
    root = str(library._root)
    worker = start(url, root, groups)
    assert worker.stdout
    told = [worker.stdout.readline().split() for _ in range(after)]
    worker.send_signal(signal.SIGKILL)
    told += [line.split() for line in worker.stdout.read().splitlines() if len(line.split()) == 3]
    worker.wait()
    worker.stdout.close()
    check(database, told)
    again = start(url, root, groups)
    printed, _ = again.communicate(timeout=600)
    assert again.returncode == 0
    check(database, [line.split() for line in printed.splitlines()])
    with database.readings() as session:
        assert Counter(stored.state for stored in read_pairs(session)) == {"approved": len(groups)}


def check(database: Database, told: list[list[str]]) -> None:
    """What was acknowledged is there; each judgement has its group, its pair and its events, or none of them."""
    with database.readings() as session:
        judged = {row.group: row.pair for row in session.scalars(select(InboxJudgement))}
        states = {row.id: row.state for row in session.scalars(select(InboxGroup))}
        pairs = {stored.pair.id: stored.state for stored in read_pairs(session)}
        events = Counter((row.pair, row.what) for row in session.scalars(select(PairEvent)))
    assert {(group, pair) for what, group, pair in told} <= set(judged.items())
    assert {pair for what, _, pair in told if what == "approved"} <= {
        pair for pair, state in pairs.items() if state == "approved"
    }
    assert {group for group, state in states.items() if state == "judged"} == set(judged)
    assert sorted(judged.values()) == sorted(pairs)
    wanted = {(pair, what): 1 for pair in pairs for what in ("judged", "submitted")}
    assert events == wanted | {(pair, "approved"): 1 for pair, state in pairs.items() if state == "approved"}
