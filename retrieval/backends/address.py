"""The one line that names an engine, as a setting has it.

    qdrant+http://HOST:6333/NAME         a Qdrant server, https as well
    qdrant:FOLDER                        Qdrant's own engine inside this process: one process at a time
    opensearch+https://HOST:9200/NAME    an OpenSearch cluster, http as well

NAME is the collection or index, DEFAULT_NAME where it is left out; each library has its own.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from urllib.parse import urlsplit

from retrieval.backends.engine import SearchEngine
from retrieval.errors import SearchEngineError

DEFAULT_NAME = "reading-room"
SECONDS = 10.0
"""How long an engine may take over one request."""
FORMS = "qdrant+http://HOST:6333/NAME, qdrant:FOLDER or opensearch+https://HOST:9200/NAME"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


def open_engine(address: str, key: str = "") -> SearchEngine:
    """The engine at an address; nothing is asked of a server yet.

    `key` is Qdrant's API key, or "user:password" for OpenSearch. Raises SearchEngineError for an address that
    is none, for a client that is not installed and for a folder that another process has open.
    """
    kind, _, rest = address.strip().partition(":")
    kind, _, scheme = kind.partition("+")
    if kind == "qdrant" and not scheme and rest:
        return _open_qdrant_folder(rest)
    url = urlsplit(f"{scheme}:{rest}")
    name = url.path.strip("/") or DEFAULT_NAME
    if scheme not in ("http", "https") or not url.hostname or not _NAME.fullmatch(name) or url.username:
        shown = re.sub(r"//.*@", "//…@", address)
        raise SearchEngineError(
            f"the search engine {shown!r}: expected {FORMS} (a name of a-z, 0-9, - and _; a key goes into "
            "READING_ROOM_SEARCH_ENGINE_KEY)"
        )
    base = f"{scheme}://{url.netloc}"
    if kind == "qdrant":
        return _open_qdrant_server(base, name, key)
    if kind == "opensearch":
        return _open_opensearch(base, name, key)
    raise SearchEngineError(f"the search engine {address!r}: expected {FORMS}")


def _open_qdrant_folder(folder: str) -> SearchEngine:
    _require_qdrant()
    from qdrant_client import QdrantClient

    from retrieval.backends.qdrant import QdrantEngine

    try:
        return QdrantEngine(QdrantClient(path=folder, force_disable_check_same_thread=True), DEFAULT_NAME)
    except (RuntimeError, OSError, ValueError) as problem:
        reason = " ".join(str(problem).split())[:160]
        raise SearchEngineError(
            f"the search engine in {folder} cannot be opened ({reason}); end the other process that uses it, "
            "or use a Qdrant server"
        ) from problem


def _open_qdrant_server(base: str, name: str, key: str) -> SearchEngine:
    _require_qdrant()
    from qdrant_client import QdrantClient

    from retrieval.backends.qdrant import QdrantEngine

    port = urlsplit(base).port or (443 if base.startswith("https") else 6333)
    client = QdrantClient(
        url=base,
        port=port,
        api_key=key or None,
        timeout=int(SECONDS),
        check_compatibility=False,  # it would ask the server in a thread of its own before anybody searched
        trust_env=False,
    )
    return QdrantEngine(client, name, is_server=True)


def _open_opensearch(base: str, name: str, key: str) -> SearchEngine:
    import httpx

    from retrieval.backends.opensearch import OpenSearchEngine

    user, _, password = key.partition(":")
    who = (user, password) if key else None
    return OpenSearchEngine(httpx.Client(base_url=base, auth=who, timeout=SECONDS, trust_env=False), name)


def _require_qdrant() -> None:
    if find_spec("qdrant_client") is None:
        raise SearchEngineError("Qdrant's client is not installed; run: pip install 'reading-room[engines]'")
