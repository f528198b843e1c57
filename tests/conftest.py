"""Shared by all tests: one real service, started as a user starts it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.engine_fixture import engine as engine
from tests.service import STAFF_KEY, RunningService, run_service

for name in [name for name in os.environ if name.startswith("READING_ROOM_")]:
    del os.environ[name]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """`reading-room serve` over the sample library, with the bundled reader and its adapters."""
    with run_service(tmp_path_factory.mktemp("service") / "data", staff_key=STAFF_KEY) as running:
        yield running
