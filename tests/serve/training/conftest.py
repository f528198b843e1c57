"""A database in its newest form and a tiny base, for the tests of training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.database import Database
from serve.settings import Settings
from tests.serve.people_parts import make_template, open_copy
from tests.serve.training_parts import make_settings, make_tiny_base


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(tmp_path_factory.mktemp("base") / "base")


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Iterator[Database]:
    database = open_copy(template, tmp_path)
    yield database
    database.close()


@pytest.fixture
def settings(tmp_path: Path, base: Path) -> Settings:
    return make_settings(tmp_path, base)
