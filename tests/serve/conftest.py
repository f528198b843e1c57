"""A registry on each kind of database; adapters, their base and their store on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from serve.adapters.base import BaseModel, read_base
from serve.adapters.registry import Registry
from serve.adapters.store import AdapterStore
from serve.database import Database
from tests.databases import run_postgres
from tests.serve.made_adapters import make_adapter, make_base, write_peft_folder


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server; each test makes a database of its own in it."""
    folder = tmp_path_factory.mktemp("postgresql")
    folder.parent.chmod(0o755)
    folder.parent.parent.chmod(0o755)
    with run_postgres(folder) as url:
        if url is None:
            pytest.skip("PostgreSQL (initdb, pg_ctl) is not installed")
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'room.sqlite'}"
    server: str = request.getfixturevalue("postgres")
    name = f"room_{abs(hash(request.node.name))}"
    engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.removesuffix("postgres") + name


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def registry(database: Database) -> Registry:
    return Registry(database)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_base(tmp_path / "model")


@pytest.fixture
def base(model: Path) -> BaseModel:
    return read_base(model)


@pytest.fixture
def adapter(tmp_path: Path, model: Path) -> Path:
    return make_adapter(tmp_path / "adapters", model, "letters", seed=1)


@pytest.fixture
def store(tmp_path: Path) -> AdapterStore:
    return AdapterStore(tmp_path / "data" / "adapters")


@pytest.fixture
def trained(tmp_path: Path, model: Path) -> Path:
    """What peft leaves: weights and config."""
    return write_peft_folder(tmp_path / "trained", model, seed=1)
