"""The desk's pages know nobody by themselves: every door asks the gateway who is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import Mount

from retrieval.embedding import load_embedder
from retrieval.library import Library
from serve.app import create_app
from serve.settings import Settings
from tests.serve.people_parts import KEY
from tests.ui.stub_gateway import listen, serving
from ui.client import GatewayClient, GatewayError
from ui.desk.rooms import DOORS
from ui.mount import mount_desk


@pytest.fixture(scope="module")
def pages() -> Iterator[TestClient]:
    """The desk as it is mounted, over a gateway that is nowhere."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    mount_desk(app, "http://127.0.0.1:9")
    assert [route.path for route in app.routes if isinstance(route, Mount)] == ["/desk"]
    with TestClient(app, base_url="http://here", follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize("path", sorted({door.path for door in DOORS}))
def test_every_door_of_the_desk_asks_who_is_there(pages: TestClient, path: str) -> None:
    address = "/desk" + "/".join("1" if part.startswith("{") else part for part in path.split("/"))
    seen = pages.get(address)
    assert seen.status_code in (303, 405), (seen.status_code, seen.text[:200])
    sent = pages.post(address, data={"why": "x"})
    assert sent.status_code in (303, 403, 405), (sent.status_code, sent.text[:200])


@pytest.mark.parametrize("path", ["/v1/people", "/desk/v1/people", "/desk/../v1/people", "/desk//v1/people"])
def test_the_pages_let_no_request_through_to_the_api(pages: TestClient, path: str) -> None:
    assert pages.get(path, headers={"Authorization": f"Bearer {KEY}"}).status_code == 404


async def test_the_patron_page_goes_on_asking_where_programs_need_a_key(tmp_path: Path) -> None:
    """There is no index here: who may ask is told that, and who may not is told something else."""
    settings = Settings(data=tmp_path, engine_urls=("http://127.0.0.1:9",), api_needs_key=True)
    app = create_app(settings, library=Library(settings.index_root, load_embedder()), engines=[], base="base")
    key: str = app.state.service.page_key
    codes = {}
    with serving(app, listen()) as url:
        for name, sent in {"page": key, "nothing": "", "another": "rrp_another"}.items():
            client = GatewayClient(url, sent)
            with pytest.raises(GatewayError) as refused:
                await client.collections()
            codes[name] = refused.value.code
            await client.close()
    assert codes == {"page": "not_ready", "nothing": "unauthorized", "another": "unauthorized"}
