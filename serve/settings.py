"""Every setting, read from the environment (and a .env file) here and nowhere else.

Settings are a frozen value made once at start and passed down. `.env.example` lists each of them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from serve.people.authority import STAFF

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
        env_prefix="READING_ROOM_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        use_attribute_docstrings=True,
    )

    data: Path = Path("data")
    """Folder that holds the index, the database and the logs."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for every network of this machine."""
    port: int = Field(8000, ge=0, le=65535)
    """Port to listen on."""
    public_url: str = ""
    """Address under which readers reach the service, for links to records; empty: as each request came."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ("*",)
    """Host names the service answers to; *: any. Name yours when others can reach the service."""

    library_name: str = "Harrow Point Library, Special Collections"
    """Name of the library, at the head of the page."""
    ask_staff: str = "Ask at the reference desk, or write to the special collections staff."
    """What a reader is told to do when nothing was found."""
    collections: Annotated[tuple[Path, ...], NoDecode] = (SAMPLE_LIBRARY,)
    """Finding aids and inventories, files or folders, that are indexed at the first start."""
    embedder: str = ""
    """Embedding model, a folder or the name of a downloaded one; empty: the all-MiniLM-L6-v2 that is
    installed."""
    carry_containers: bool = False
    """Whether an item without a container takes that of the item before it, and says so."""
    link_template: str = ""
    """Address of a record in your catalogue, with {eadid}, {id}, {url} or {uri} in it;
    empty: none is made."""
    search_engine: str = ""
    """Engine that holds the passages, such as qdrant+http://HOST:6333/NAME (docs/scaling.md); empty: this
    index."""
    search_engine_key: SecretStr = SecretStr("")
    """Key of that engine: Qdrant's API key, or user:password for OpenSearch."""
    reranker: str = ""
    """Folder of a sentence-transformers cross-encoder that scores the records near the top once more; empty:
    none."""

    model: str = str(BUNDLED_READER)
    """Base model, a folder or the name of a downloaded one. The bundled one is only for the sample
    collection."""
    adapters: Path = Field(default_factory=lambda settings: settings["data"] / "adapters")
    """Folder of the LoRA adapters, one folder for each version."""
    default_adapter: str = ""
    """Adapter behind the name "default"; empty: the base model."""
    adapter_slots: int = Field(8, ge=1, le=64)
    """Adapter versions that can answer at the same time, the ones being tried included."""
    adapter_rank: int = Field(16, ge=1, le=512)
    """Highest LoRA rank that an adapter may have."""
    staff_key: SecretStr = SecretStr("")
    """Key that staff and their programs send to change adapters through the API; empty: only by command."""
    engine_urls: Annotated[tuple[str, ...], NoDecode] = ()
    """Engines that run already, by address; empty: one is started on this machine."""
    engine_key: SecretStr = SecretStr("")
    """Key that those engines ask for; empty: none."""
    engine_context: int = Field(0, ge=0)
    """Tokens a prompt and its answer may have together; 0: chosen from model and machine."""
    engine_memory_gb: float = Field(0, ge=0)
    """Memory for the engine's key-value cache on a CPU, in GB; 0: chosen from the machine."""
    engine_gpu_share: float = Field(0.85, gt=0, le=1)
    """Share of the GPU's memory that the engine takes."""
    engine_eager: bool = False
    """Whether the engine runs uncompiled on a GPU: starts sooner, answers slower. On CPU it always does."""
    engine_start_seconds: float = Field(900, gt=0)
    """Seconds the engine may take to start."""
    engine_stall_seconds: float = Field(120, gt=0)
    """Seconds without any progress after which the engine counts as hung."""

    top_k: int = Field(6, ge=1, le=20)
    """Passages that an answer is given to work from."""
    answer_tokens: int = Field(512, ge=16, le=8192)
    """Longest answer, in tokens."""
    answer_seconds: float = Field(300, gt=0)
    """Seconds an answer may take in all."""
    concurrent_answers: int = Field(64, ge=1)
    """Answers that are written at the same time."""
    queued_answers: int = Field(128, ge=0)
    """Questions that may wait for their turn; further ones are told to come back."""
    request_bytes: int = Field(1_000_000, ge=1_000)
    """Largest request, in bytes."""
    answer_memory_hours: float = Field(2, gt=0)
    """Hours an answer is remembered in memory, so that feedback can be given on it."""

    sign_in_hours: float = Field(12, gt=0, le=720)
    """Hours after which staff sign in again."""
    sign_in_idle_minutes: float = Field(60, gt=0, le=43_200)
    """Minutes without use after which a sign-in ends."""
    api_needs_key: bool = False
    """Whether programs need an API key to ask; the pages never do. false: whoever reaches the service may
    ask."""
    oidc_client_id: str = ""
    """Name under which this service is registered there."""
    oidc_client_secret: SecretStr = SecretStr("")
    """Secret of that registration; empty: none was given out."""
    oidc_name: str = "your institution's account"
    """What the sign-in page calls that provider."""
    oidc_role_claim: str = "groups"
    """Claim in which the provider says who is what, such as groups or realm_access.roles."""
    oidc_roles: Annotated[tuple[str, ...], NoDecode] = ()
    """Role here for each value of that claim: administrator=room-admins,curator=room-staff; others may not
    in."""
    oidc_issuer: str = ""
    """OpenID provider at which staff can sign in, its issuer's address; empty: none."""

    database_url: str = ""
    """Database, as an SQLAlchemy address, such as postgresql+psycopg://...; empty: SQLite
    in the data folder."""
    feedback_days: int = Field(365, ge=1)
    """Days that feedback is kept."""
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

    patron_comparisons: bool = False
    """Whether patrons may be asked which of two answers is better, on a page of its own."""

    worker: bool = True
    """Whether the service runs a worker for jobs beside itself; false: start `reading-room worker` where you
    like."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """How much is logged: DEBUG, INFO, WARNING or ERROR."""

    @field_validator("collections", "engine_urls", "allowed_hosts", "oidc_roles", mode="before")
    @classmethod
    def split_list(cls, value: object) -> object:
        """A list is written with commas: READING_ROOM_ENGINE_URLS=http://a:8001,http://b:8001."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def check_issuer(cls, issuer: str, info: ValidationInfo) -> str:
        """A provider asked without TLS could be anybody; who signs in there is sent back to `public_url`."""
        parts = urlsplit(issuer)
        if issuer and parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("expected an address that begins with https://")
        for needed in ("public_url", "oidc_client_id", "oidc_roles"):
            if issuer and not info.data.get(needed):
                raise ValueError(f"this needs READING_ROOM_{needed.upper()} beside it")
        return issuer

    @field_validator("oidc_roles")
    @classmethod
    def check_roles(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        """Each is ROLE=VALUE, the role one of the staff's."""
        for pair in roles:
            role, _, value = pair.partition("=")
            if role not in STAFF or not value:
                raise ValueError(
                    f"expected ROLE=VALUE with a role of {', '.join(STAFF)}, found {pair[:80]!r}"
                )
        return roles

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
