"""What the gateway refuses, and the one table that says how it looks on the wire.

ServeError                 status  code
├── BadRequest             400     invalid_request
├── UnknownModel           404     model_not_found
├── Unauthorized           401     unauthorized        a sign-in or key that is over, or a wrong password
├── Forbidden              403     forbidden
├── NotFound               404     not_found
├── Conflict               409     conflict            somebody else was quicker, or it cannot be done now
├── TooLarge               413     request_too_large
├── TooManyRequests        429     too_many_requests   (with Retry-After)
├── StoreFull              507     storage_full        the adapter folder's disk (serve.adapters.store)
├── TooBusy                503     overloaded          (with Retry-After)
├── NotReady               503     not_ready           (with Retry-After)
└── EngineError            502     engine_error
    ├── EngineDown         503     engine_unavailable  (with Retry-After)
    │   └── EngineFull     503     engine_unavailable  it answers, but takes no more at the moment
    ├── EngineStalled      504     engine_stalled
    └── EngineRefused      400     engine_refused      the engine said the request cannot be served
        └── VersionAbsent  400     engine_refused      it does not know the name, or cannot load what it names
"""

from __future__ import annotations


class ServeError(Exception):
    """Root of the gateway's own errors; `str(error)` is one line that says what to do."""

    status = 500
    type = "server_error"
    code = "server_error"
    retry_after: int | None = None

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class BadRequest(ServeError):
    """The request cannot be understood or uses a value that is not allowed."""

    status, type, code = 400, "invalid_request_error", "invalid_request"


class UnknownModel(ServeError):
    """`model` names nothing that is served here."""

    status, type, code = 404, "invalid_request_error", "model_not_found"


class NotFound(ServeError):
    """The thing asked for does not exist."""

    status, type, code = 404, "invalid_request_error", "not_found"


class Unauthorized(ServeError):
    """What was sent to show who asks shows nobody: it is wrong, or its time is over."""

    status, type, code = 401, "authentication_error", "unauthorized"


class Forbidden(ServeError):
    """The request needs a key, or another one."""

    status, type, code = 403, "permission_error", "forbidden"


class Conflict(ServeError):
    """The thing was changed by somebody else meanwhile, or its state does not allow this."""

    status, type, code = 409, "invalid_request_error", "conflict"


class TooLarge(ServeError):
    """The request body, or the conversation, is larger than the service takes."""

    status, type, code = 413, "invalid_request_error", "request_too_large"


class TooManyRequests(ServeError):
    """This key, or this name, has been used too often; it may be again after `retry_after` seconds."""

    status, type, code = 429, "rate_limit_error", "too_many_requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooBusy(ServeError):
    """As many answers are being written as the service allows at once."""

    status, type, code, retry_after = 503, "server_error", "overloaded", 5


class NotReady(ServeError):
    """A part that the request needs is still starting, or there is no index yet."""

    status, type, code, retry_after = 503, "server_error", "not_ready", 10


class EngineError(ServeError):
    """The engine failed while it wrote an answer."""

    status, type, code = 502, "server_error", "engine_error"


class EngineDown(EngineError):
    """No engine can be reached."""

    status, code, retry_after = 503, "engine_unavailable", 10


class EngineFull(EngineDown):
    """The engine is well, but its queue is full."""


class EngineStalled(EngineError):
    """The engine stopped making progress on an answer."""

    status, code = 504, "engine_stalled"


class EngineRefused(EngineError):
    """The engine says that the request itself cannot be served."""

    status, type, code = 400, "invalid_request_error", "engine_refused"


class VersionAbsent(EngineRefused):
    """This engine does not have the version asked for. Another one may; no client ever gets to see this."""
