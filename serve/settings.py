"""Every setting, read from the environment (and a .env file) here and nowhere else.

Settings are a frozen value made once at start and passed down. `.env.example` lists each of them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent
BUNDLED_READER = PROJECT / "demo" / "reader"
BUNDLED_ADAPTERS = PROJECT / "demo" / "adapters"
SAMPLE_LIBRARY = PROJECT / "demo" / "library"

PRIVATE_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""Set before any library is imported, in this process and in the engine's: nobody phones home."""


class Settings(BaseSettings):
    """The service's settings; an unusable value is refused at start with the variable's name."""

    model_config = SettingsConfigDict(
        env_prefix="READING_ROOM_", env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    data: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str = ""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ("*",)

    library_name: str = "Harrow Point Library, Special Collections"
    ask_staff: str = "Ask at the reference desk, or write to the special collections staff."
    collections: Annotated[tuple[Path, ...], NoDecode] = (SAMPLE_LIBRARY,)
    embedder: str = ""
    carry_containers: bool = False
    link_template: str = ""
    search_engine: str = ""
    search_engine_key: SecretStr = SecretStr("")
    reranker: str = ""

    model: str = str(BUNDLED_READER)
    adapters: Path = Field(default_factory=lambda settings: settings["data"] / "adapters")
    default_adapter: str = ""
    adapter_slots: int = Field(8, ge=1, le=64, description="adapter versions that answer at the same time")
    adapter_rank: int = Field(16, ge=1, le=512, description="highest LoRA rank the engine takes")
    staff_key: SecretStr = SecretStr("")
    engine_urls: Annotated[tuple[str, ...], NoDecode] = ()
    engine_key: SecretStr = SecretStr("")
    engine_context: int = Field(0, ge=0, description="--max-model-len in tokens; 0: chosen from the machine")
    engine_memory_gb: float = Field(0, ge=0, description="key-value cache in GB on CPU; 0: chosen")
    engine_gpu_share: float = Field(0.85, gt=0, le=1)
    engine_eager: bool = False
    engine_start_seconds: float = Field(900, gt=0)
    engine_stall_seconds: float = Field(120, gt=0)

    top_k: int = Field(6, ge=1, le=20)
    answer_tokens: int = Field(512, ge=16, le=8192)
    answer_seconds: float = Field(300, gt=0)
    concurrent_answers: int = Field(64, ge=1)
    queued_answers: int = Field(128, ge=0)
    request_bytes: int = Field(1_000_000, ge=1_000)
    answer_memory_hours: float = Field(2, gt=0)

    sign_in_hours: float = Field(12, gt=0, le=720)
    sign_in_idle_minutes: float = Field(60, gt=0, le=43_200)
    api_needs_key: bool = False

    database_url: str = ""
    feedback_days: int = Field(365, ge=1)
    conversation_days: int = Field(
        180, ge=1, description="Days that conversations are kept whose patrons agreed to it."
    )
    shared_terminal: bool = Field(
        False,
        description="Whether the page is shown on computers that patrons share: sessions end, and no "
        "conversation is kept.",
    )
    idle_minutes: float = Field(
        5,
        gt=0,
        le=120,
        description="Minutes without a key or a click after which a session on a shared computer ends, with "
        "a warning before.",
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("collections", "engine_urls", "allowed_hosts", mode="before")
    @classmethod
    def split_list(cls, value: object) -> object:
        """A list is written with commas: READING_ROOM_ENGINE_URLS=http://a:8001,http://b:8001."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @property
    def database(self) -> str:
        """The SQLAlchemy URL; SQLite in the data folder unless one is named."""
        return self.database_url or f"sqlite:///{(self.data / 'reading-room.sqlite').resolve()}"

    @property
    def index_root(self) -> Path:
        return self.data / "index"

    @property
    def dataset_root(self) -> Path:
        return self.data / "datasets"

    @property
    def uses_bundled_reader(self) -> bool:
        return not self.engine_urls and Path(self.model).resolve() == BUNDLED_READER


def keep_private() -> None:
    """Put `PRIVATE_ENVIRONMENT` in force for this process and its children; a set value wins not."""
    os.environ.update(PRIVATE_ENVIRONMENT)


def child_environment(extra: dict[str, str]) -> dict[str, str]:
    """The environment an engine process gets: ours, made private, and `extra`."""
    return {**os.environ, **PRIVATE_ENVIRONMENT, **extra}
