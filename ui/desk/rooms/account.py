"""One's own account: the password, and which key does what."""

from __future__ import annotations

from starlette.responses import Response

from serve.wire.people import OwnPasswordRequest, SignedInReply
from ui.client import GatewayError
from ui.desk.cookies import KEYS, KEYS_SECONDS, SESSION, set_cookie
from ui.desk.failures import check_form
from ui.desk.keys import CHOICES, Keys, are_letters, write_keys
from ui.desk.visit import Door, Visit

_NOT_SAME = "The two new passwords are not the same. Please type them again."
_NOT_LETTERS = "Each key must be one letter or digit, and no two may be the same."


async def show_account(visit: Visit) -> Response:
    """The account."""
    return visit.page("account.html")


async def change_password(visit: Visit) -> Response:
    """Change one's own password; passwords alone are not shown again when it fails."""
    new = str(visit.form.get("new", ""))
    try:
        if new != visit.form.get("again"):
            raise GatewayError(_NOT_SAME, status=400)
        asked = check_form(OwnPasswordRequest, current=str(visit.form.get("current", "")), new=new)
        reply = await visit.gateway.put("/v1/session/password", SignedInReply, asked)
    except GatewayError as problem:
        return visit.page("account.html", problem=str(problem), status=problem.status or 503)
    response = visit.go("/me", "password")
    set_cookie(visit.request, response, SESSION, reply.token, None)
    return response


async def show_keys(visit: Visit) -> Response:
    """Which key does what."""
    return visit.page("keys.html", choices=CHOICES, chosen=visit.keys.letters, on=visit.keys.on)


async def set_keys(visit: Visit) -> Response:
    """Choose other keys, or none."""
    chosen = {action: visit.text(action).lower() for action in CHOICES}
    on = visit.text("on") == "yes"
    if not are_letters(list(chosen.values())):
        return visit.page(
            "keys.html", choices=CHOICES, chosen=chosen, on=on, problem=_NOT_LETTERS, status=400
        )
    response = visit.go("/keys", "keys")
    set_cookie(visit.request, response, KEYS, write_keys(Keys(on, chosen)), KEYS_SECONDS)
    return response


DOORS = (
    Door("/me", show=show_account, act=change_password),
    Door("/keys", show=show_keys, act=set_keys),
)
