"""`.env.example` lists every setting with its true default and a line that says what it means."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from serve.settings import PROJECT, Settings

EXAMPLE = (PROJECT / ".env.example").read_text(encoding="utf-8").splitlines()
SETTING = re.compile(r"# (?P<name>READING_ROOM_[A-Z_]+)=(?P<value>.*)")


def listed_settings() -> dict[str, str]:
    """Name in lower case, without the prefix, and the value written for it."""
    matches = [matched for line in EXAMPLE if (matched := SETTING.fullmatch(line))]
    pairs = [(matched["name"].removeprefix("READING_ROOM_").lower(), matched["value"]) for matched in matches]
    assert len(pairs) == len(dict(pairs)), "a setting is listed twice"
    return dict(pairs)


def plain(value: Any) -> Any:
    """A default as it compares: paths from the project's folder, so that demo/reader is one."""
    if isinstance(value, tuple):
        return tuple(plain(part) for part in value)
    if isinstance(value, Path):
        return PROJECT / value
    if isinstance(value, str) and (PROJECT / value).is_dir() and value:
        return PROJECT / value
    return value


@pytest.fixture
def defaults(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of an empty environment, whatever this one holds."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"READING_ROOM_{name.upper()}", raising=False)
    return Settings(_env_file=None)


def test_every_setting_is_listed_and_nothing_else() -> None:
    assert sorted(listed_settings()) == sorted(Settings.model_fields)


def test_the_values_written_are_the_defaults(defaults: Settings, tmp_path: Path) -> None:
    uncommented = tmp_path / "env"
    uncommented.write_text("\n".join(f"READING_ROOM_{n.upper()}={v}" for n, v in listed_settings().items()))
    written = Settings(_env_file=uncommented)
    for name in Settings.model_fields:
        assert plain(getattr(written, name)) == plain(getattr(defaults, name)), name


def test_a_value_is_left_out_only_where_the_default_is_empty(defaults: Settings) -> None:
    for name, value in listed_settings().items():
        assert bool(value) == (str(getattr(defaults, name)) not in ("", "()")), name


def test_each_setting_is_explained_in_the_line_above() -> None:
    for above, line in zip(EXAMPLE, EXAMPLE[1:], strict=False):
        if SETTING.fullmatch(line):
            assert re.fullmatch(r"# [A-Z].*[.:]", above), f"no explanation above {line}"
