"""A database in its newest form and a tiny base, for the tests of training."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serve.database import Database
from serve.settings import Settings
from serve.training.commands import add_commands
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


@pytest.fixture
def call(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command; give back what it printed. `code` is the exit code it should have."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True), settings)

    def call(*words: str, code: int = 0) -> str:
        arguments = parser.parse_args(list(words))
        assert arguments.run(arguments) == code
        return capsys.readouterr().out

    return call
