"""Every failure as one typed error object, in OpenAI's form; never a traceback, never a 500 for bad input."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from retrieval.errors import IndexMissing, QueryError, RetrievalError, SearchEngineError
from serve.errors import BadRequest, NotFound, NotReady, ServeError

log = logging.getLogger(__name__)


def describe_error(error: ServeError) -> dict[str, Any]:
    """The body of an error reply."""
    return {"error": {"message": str(error), "type": error.type, "param": error.param, "code": error.code}}


def reply_error(error: ServeError) -> JSONResponse:
    """The whole reply, with Retry-After where trying again can help."""
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(describe_error(error), status_code=error.status, headers=headers)


def translate(error: Exception) -> ServeError:
    """The gateway's own error for anything that may be raised below a route."""
    if isinstance(error, ServeError):
        return error
    if isinstance(error, QueryError):
        return BadRequest(str(error))
    if isinstance(error, IndexMissing):
        return NotReady("There is no index yet. Staff can build one: reading-room index build PATH")
    if isinstance(error, SearchEngineError):
        log.error("%s", error)
        return NotReady("The collections cannot be searched at the moment. Try again in a minute.")
    if isinstance(error, RetrievalError | OperationalError):
        log.error("%s", error)
        return NotReady("A part of the service cannot be used at the moment. Try again in a minute.")
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return ServeError("Something went wrong on our side. Try again; if it stays so, tell the library staff.")


def install_error_replies(app: FastAPI) -> None:
    """Make every reply that is not a success an `ErrorReply`."""

    async def on_error(_request: Request, error: Exception) -> JSONResponse:
        return reply_error(translate(error))

    async def on_invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return reply_error(_describe_invalid(error))

    async def on_http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        reply = ServeError(str(error.detail))
        reply.status = error.status_code
        if error.status_code < 500:
            reply.type, reply.code = (
                "invalid_request_error",
                _HTTP_CODES.get(error.status_code, "invalid_request"),
            )
        return reply_error(
            NotFound("There is nothing at this address.") if error.status_code == 404 else reply
        )

    for kind in (ServeError, RetrievalError, OperationalError, Exception):
        app.add_exception_handler(kind, on_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)


def _is_type(part: object) -> bool:
    """pydantic names the branch of a union in the place of an error; a client knows nothing of it."""
    return isinstance(part, str) and ("-" in part or "[" in part)


_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}


def _describe_invalid(error: RequestValidationError) -> BadRequest:
    """The first thing wrong, by name; what was sent is not repeated."""
    first = error.errors()[0]
    place = [
        str(part) for part in first["loc"] if part not in ("body", "query", "path") and not _is_type(part)
    ]
    if first["type"] == "json_invalid":
        return BadRequest("The body is not valid JSON in UTF-8.")
    name = ".".join(place) or "body"
    if first["type"] == "extra_forbidden":
        return BadRequest(
            f"Unknown field {name[:200]!r}. Take it out; the fields are listed in the README.", param=name
        )
    return BadRequest(f"{name}: {first['msg']}.", param=name)
