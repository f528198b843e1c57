"""What a gateway says of its setting for the default, as its registry changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.adapters.base import read_base
from serve.adapters.folder import check_adapter
from serve.adapters.registry import BASE, Registry
from serve.database import Database
from serve.engine.pool import Engines
from serve.metrics import Metrics
from serve.offering import Offering
from serve.settings import BUNDLED_ADAPTERS, BUNDLED_READER

TERSE = next(path.name for path in BUNDLED_ADAPTERS.glob("terse--*"))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    database = Database(f"sqlite:///{tmp_path / 'room.sqlite'}")
    database.migrate()
    yield Registry(database)
    database.close()


def offer(registry: Registry, default: str) -> Offering:
    pool = Engines(clients=(), stall_seconds=30)
    return Offering(registry, pool, Metrics(), default=default, base="bundled-reader")


@pytest.mark.parametrize("default", ["", BASE, "bundled-reader"])
async def test_the_base_is_always_a_default(registry: Registry, default: str) -> None:
    offering = offer(registry, default)
    await offering.refresh()
    assert offering.default_problem == ""


@pytest.mark.parametrize("default", [TERSE, "terse"])
async def test_a_default_that_is_none_is_said_until_there_is_one(registry: Registry, default: str) -> None:
    offering = offer(registry, default)
    await offering.refresh()
    assert offering.default_problem == (
        f"READING_ROOM_DEFAULT_ADAPTER is '{default}', which is no alias or version that may answer. "
        "Set it to one that `reading-room adapters list` shows, or to nothing."
    )
    registry.adopt(
        [check_adapter(BUNDLED_ADAPTERS / TERSE, read_base(BUNDLED_READER), most_rank=16)], who="ada"
    )
    await offering.refresh()
    assert offering.default_problem == ""
