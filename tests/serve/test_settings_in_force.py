"""Settings as they may be shown: each with its sentence, none with a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from serve.settings import Settings
from serve.settings_in_force import hide_credentials, show_settings
from tests.test_settings_example import EXAMPLE, SETTING


def test_every_secret_is_hidden_wherever_it_stands() -> None:
    secret = "hunter2hunter2"
    settings = Settings(
        _env_file=None,
        staff_key=SecretStr(secret),
        engine_key=SecretStr(secret),
        search_engine_key=SecretStr(secret),
        database_url=f"postgresql://room:{secret}@db/room?sslpassword={secret}&sslmode=require",
        engine_urls=(f"http://user:{secret}@a:8001", f"http://b:8001?api_key={secret}"),
        search_engine=f"qdrant+http://{secret}@host:6333/name",
    )
    shown = {setting.name: setting for setting in show_settings(settings)}
    assert secret not in str(shown)
    assert shown["database_url"].value == "postgresql://…@db/room?sslpassword=…&sslmode=require"
    assert shown["engine_urls"].value == "http://…@a:8001, http://b:8001?api_key=…"
    assert {name for name, setting in shown.items() if setting.secret} == {
        name for name, field in Settings.model_fields.items() if field.annotation is SecretStr
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:p@ss/w@rd@host/db", "postgresql://…@host/db"),
        ("https://catalogue.example/{id}?view=full", "https://catalogue.example/{id}?view=full"),
        ("ask@library.example", "ask@library.example"),
        ("sqlite:////srv/data/room.sqlite", "sqlite:////srv/data/room.sqlite"),
        ("http://h/oai?Token=abc&verb=x", "http://h/oai?Token=…&verb=x"),
    ],
)
def test_an_address_is_shown_without_what_opens_it(text: str, shown: str) -> None:
    assert hide_credentials(text) == shown


def test_each_description_is_the_line_of_the_example() -> None:
    above = dict(zip(EXAMPLE[1:], EXAMPLE, strict=False))
    for line in EXAMPLE:
        if found := SETTING.fullmatch(line):
            name = found["name"].removeprefix("READING_ROOM_").lower()
            description = " ".join((Settings.model_fields[name].description or "").split())
            assert f"# {description}" == above[line], name


def test_a_default_that_follows_another_setting_is_still_the_default(tmp_path: Path) -> None:
    shown = {one.name: one for one in show_settings(Settings(_env_file=None, data=tmp_path))}
    assert (shown["data"].is_default, shown["adapters"].is_default) == (False, True)
    assert shown["adapters"].value == str(tmp_path / "adapters")
