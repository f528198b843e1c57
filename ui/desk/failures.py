"""What is said when something cannot be done, with nothing that was typed lost."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from ui.client import GatewayError
from ui.desk.cookies import get_token, make_form_token
from ui.desk.pages import render
from ui.desk.words import FIELDS

_NEVER_SHOWN = frozenset({"form_token", "password", "current", "new", "again"})
"""Fields that a page never has in it again: whoever sends the form types them once more."""

Request_ = TypeVar("Request_", bound=BaseModel)


def refuse(request: Request, sentence: str, status: int) -> Response:
    """A page that says why there is nothing to see."""
    return render("refusal.html", status=status, base=get_base(request), sentence=sentence)


def ask_again(request: Request, form: FormData, sentence: str, status: int = 409) -> Response:
    """The form once more with all that was typed, under the reason why it was not taken."""
    fields = [
        (name, FIELDS.get(name, ""), value)
        for name, value in form.multi_items()
        if isinstance(value, str) and name not in _NEVER_SHOWN
    ]
    return render(
        "again.html",
        status=status,
        base=get_base(request),
        action=request.url.path,
        sentence=sentence,
        form_token=make_form_token(get_token(request)),
        fields=fields,
        files=sorted({name for name, value in form.multi_items() if isinstance(value, UploadFile)}),
    )


def get_base(request: Request) -> str:
    """The desk's own address, without a slash at its end."""
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")


def check_form(kind: type[Request_], /, **fields: object) -> Request_:
    """A request made of a form's fields. Raises GatewayError, in a plain sentence, where they do not fit."""
    try:
        return kind(**fields)
    except ValidationError as problem:
        first = problem.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        label = FIELDS.get(name, name.replace("_", " ").capitalize())
        raise GatewayError(f"{label}: {first['msg']}.", status=400, param=name) from problem
