"""What crosses the wire about the settings as they are in force.

GET /v1/settings -> SettingsReply
"""

from __future__ import annotations

from pydantic import BaseModel


class SettingInfo(BaseModel):
    """One setting. `value` as text; of a secret only "set" or "not set"; passwords in addresses are hidden.

    `variable` is the environment variable that changes it, at the next start.
    """

    name: str
    value: str
    is_default: bool
    secret: bool
    description: str
    variable: str


class PackageInfo(BaseModel):
    """An installed package; `version` is "" where it is not installed on this machine."""

    name: str
    version: str


class EngineInfo(BaseModel):
    """One engine: its address, whether it answers, and the names it serves."""

    address: str
    serving: bool
    names: list[str]


class IndexInfo(BaseModel):
    """The index in use; `problem` says what is wrong, "" where nothing is."""

    version: str
    created: str
    records: int
    passages: int
    collections: int
    embedder: str
    problem: str


class SettingsReply(BaseModel):
    """`base_sha256` is the digest of the base model's weights, "" where they are not on this machine."""

    data: list[SettingInfo]
    packages: list[PackageInfo]
    index: IndexInfo
    engines: list[EngineInfo]
    base: str
    base_sha256: str
    bundled_reader: bool
    prompt_version: str
