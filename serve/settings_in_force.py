"""The settings as they are in force, fit to be shown: no secret, and no password in an address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pydantic import SecretStr

from serve.settings import Settings

PREFIX = str(Settings.model_config["env_prefix"])
_USER = re.compile(r"(?<=://)\S*@")
_SECRET_PARAMETER = re.compile(
    r"(?i)([?&;][^=&;\s]*(?:key|token|secret|passw|pwd|sig|auth)[^=&;\s]*=)[^&;\s]+"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting. Of a secret `value` is only "set" or "not set"."""

    name: str
    value: str
    is_default: bool
    secret: bool
    description: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"{PREFIX}{self.name}".upper()


def show_settings(settings: Settings) -> Iterator[Shown]:
    """Each setting, in the order of `Settings`."""
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        value = values[name]
        default = field.get_default(call_default_factory=True, validated_data=values)
        yield Shown(
            name=name,
            value=show_value(value),
            is_default=value == default,
            secret=isinstance(value, SecretStr),
            description=" ".join((field.description or "").split()),
        )


def show_value(value: object) -> str:
    """A value as text: lists with commas, yes and no, secrets only as set or not."""
    match value:
        case SecretStr():
            return "set" if value.get_secret_value() else "not set"
        case bool():
            return "yes" if value else "no"
        case tuple() | list() | set() | frozenset():
            return ", ".join(show_value(part) for part in value)
        case Enum():
            return str(value.value)
        case _:
            return hide_credentials(str(value))


def hide_credentials(text: str) -> str:
    """An address without its user and password, and without parameters that are called like a secret."""
    return _SECRET_PARAMETER.sub(r"\1…", _USER.sub("…@", text))
