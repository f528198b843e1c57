"""One request of somebody who is signed in: who they are, what they sent, and how they are answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ui.desk.client import Download, Gateway
from ui.desk.cookies import make_form_token
from ui.desk.failures import get_base
from ui.desk.keys import Keys
from ui.desk.member import Member
from ui.desk.pages import render
from ui.desk.words import SAID


@dataclass(frozen=True, slots=True)
class Visit:
    """What a room's handler gets. `form` is empty for a page that is only looked at."""

    request: Request
    gateway: Gateway
    member: Member
    keys: Keys
    form: FormData

    @property
    def base(self) -> str:
        """The desk's own address, without a slash at its end."""
        return get_base(self.request)

    def asked(self, name: str, otherwise: str = "") -> str:
        """One value of the address."""
        return self.request.query_params.get(name, otherwise)

    def part(self, name: str) -> str:
        """One part of the path."""
        value: str = self.request.path_params[name]
        return value

    def text(self, name: str) -> str:
        """One field of the form as text, line ends as everywhere else; "" where it is not there."""
        value = self.form.get(name)
        return "" if value is None or isinstance(value, UploadFile) else value.replace("\r\n", "\n").strip()

    def texts(self, name: str) -> list[str]:
        """Every value of a field, such as the boxes that were ticked."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def number(self, name: str, otherwise: int = 0) -> int:
        """One field as a whole number."""
        try:
            return int(self.text(name))
        except ValueError:
            return otherwise

    def page_number(self) -> int:
        """Which page of a list is asked for, from 0."""
        asked = self.asked("page")
        return min(int(asked), 10_000) if asked.isdecimal() else 0

    def send(self, file: Download) -> Response:
        """A file of the gateway's, to be saved and never shown by the browser."""
        disposition = file.disposition if file.disposition.startswith("attachment") else "attachment"
        return Response(file.body, media_type=file.media_type, headers={"Content-Disposition": disposition})

    def page(self, template: str, *, status: int = 200, **values: object) -> Response:
        """A page of the desk around what `template` shows. `problem` is a sentence for its top."""
        values.setdefault("problem", "")
        said = SAID.get(self.asked("said"), "")
        return render(
            template,
            status=status,
            base=self.base,
            path=self.request.url.path,
            member=self.member,
            keys=self.keys,
            form_token=make_form_token(self.gateway.token),
            said=said,
            **values,
        )

    def go(self, path: str, said: str = "", **query: str | int) -> Response:
        """On to another page after something was done; `said` names a sentence of `words.SAID`."""
        asked = {**query, **({"said": said} if said else {})}
        return RedirectResponse(
            f"{self.base}{path}{'?' + urlencode(asked) if asked else ''}", status_code=303
        )


Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """One address of the desk: how it is shown, and what a form sent to it does."""

    path: str
    show: Handler | None = None
    act: Handler | None = None
    most_bytes: int = 500_000
    """The largest form that is taken."""
