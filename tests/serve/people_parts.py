"""Staff, their sign-ins and a small gateway of the people routes, as the tests of people use them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from serve.database import Database
from serve.error_replies import install_error_replies
from serve.people.accounts import Person, add_person, list_people
from serve.people.authority import Actor, Role
from serve.routes import people, session
from serve.settings import Settings

KEY = "a long random text"
BY_KEY = {"Authorization": f"Bearer {KEY}"}
ROOT = Actor(Role.ADMINISTRATOR, "command", "root")
PASSWORDS = {
    "Ada Marsh": "letters to Ellen",
    "Ben Oakes": "boxes and folders",
    "Cora Lind": "a map of Harrow Point",
}
ROLES = {"Ada Marsh": Role.ADMINISTRATOR, "Ben Oakes": Role.APPROVER, "Cora Lind": Role.CURATOR}


@dataclass
class Gateway:
    """The parts of a gateway that the routes of people use."""

    settings: Settings
    database: Database
    page_key: str = "rrp_the page's key"


def make_gateway(database: Database, data: Path, **settings: Any) -> Gateway:
    """A gateway on a database of the newest form."""
    return Gateway(
        Settings(data=data, staff_key=SecretStr(KEY), engine_urls=("http://engine",), **settings), database
    )


def make_template(folder: Path) -> Path:
    """A SQLite file of the newest form with one of the staff in each role: copied faster than made."""
    file = folder / "template.sqlite"
    database = Database(f"sqlite:///{file}")
    database.migrate()
    add_staff(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.close()
    return file


def open_copy(template: Path, folder: Path) -> Database:
    """A database of one's own, with the template's staff in it."""
    return Database(f"sqlite:///{shutil.copy(template, folder / 'room.sqlite')}")


def people_of(database: Database) -> dict[str, Person]:
    """The staff by name."""
    return {person.name: person for person in list_people(database)}


@contextmanager
def open_client(gateway: Gateway) -> Iterator[TestClient]:
    """A client of the people and session routes."""
    app = FastAPI()
    app.state.service = gateway
    install_error_replies(app)
    for routes in (session, people):
        app.include_router(routes.router)
    with TestClient(app) as client:
        yield client


def add_staff(database: Database) -> dict[str, Person]:
    """One of each role, by name."""
    return {
        name: add_person(database, ROOT, name, ROLES[name], password) for name, password in PASSWORDS.items()
    }


def sign_in(client: TestClient, name: str) -> dict[str, str]:
    """The headers of somebody who signed in."""
    reply = client.post("/v1/session", json={"name": name, "password": PASSWORDS[name]})
    assert reply.status_code == 201, reply.text
    return {"Authorization": f"Bearer {reply.json()['token']}"}
