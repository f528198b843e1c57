"""Sign-ins, staff accounts, API keys and the audit log, as they cross the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from serve.people.authority import Action, Role
from serve.schemas import Incoming

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
StaffRole = Literal[Role.CURATOR, Role.APPROVER, Role.ADMINISTRATOR]
Why = Annotated[str, StringConstraints(max_length=2_000)]


class SignInRequest(Incoming):
    """`POST /v1/session`."""

    name: Name
    password: Password = Field(repr=False)


class SignInWays(BaseModel):
    """`GET /v1/session/ways`: how staff can sign in; `provider` is the name of one elsewhere, or ""."""

    password: bool
    provider: str


class OidcStarted(BaseModel):
    """`POST /v1/session/oidc`: send the browser to `url`, and keep `flow` for who comes back.

    `flow` ties the sign-in to that one browser: put it where no other page and no address shows it.
    """

    url: str
    flow: str


class OidcFinishRequest(Incoming):
    """`POST /v1/session/oidc/finish`: what the provider sent the browser back with, and the flow it began."""

    flow: Name
    code: str = Field(min_length=1, max_length=4_000, repr=False)
    state: Name


class PersonInfo(BaseModel):
    """One of the staff. `elsewhere`: signs in at the OpenID provider, which says the role too."""

    id: str
    name: str
    role: Role
    active: bool
    elsewhere: bool
    created: datetime
    created_by: str


class PersonList(BaseModel):
    object: Literal["list"] = "list"
    data: list[PersonInfo]


class SignedInReply(BaseModel):
    """A new sign-in. Send `token` as `Authorization: Bearer`; it ends at `expires`, or after
    `idle_seconds` without use. `failures`: wrong passwords tried since the last sign-in."""

    token: str
    person: PersonInfo
    expires: datetime
    idle_seconds: int
    failures: int


class SessionInfo(BaseModel):
    """`GET /v1/session`: who the sender is. `actions` is all that this role may do; `expires` is absent for
    the staff key."""

    id: str
    name: str
    role: Role
    actions: list[Action]
    expires: datetime | None


class OwnPasswordRequest(Incoming):
    """`PUT /v1/session/password`."""

    current: Password = Field(repr=False)
    new: Password = Field(repr=False)


class AddPersonRequest(Incoming):
    """`POST /v1/people`."""

    name: Name
    role: StaffRole
    password: Password = Field(repr=False)


class RoleRequest(Incoming):
    """`PUT /v1/people/{person}/role`."""

    role: StaffRole
    why: Why = ""


class ActiveRequest(Incoming):
    """`PUT /v1/people/{person}/active`."""

    active: bool
    why: Why = ""


class PasswordRequest(Incoming):
    """`PUT /v1/people/{person}/password`."""

    password: Password = Field(repr=False)
    why: Why = ""


class KeyInfo(BaseModel):
    """An API key: `prefix` is how it begins. `quota` is requests a day (UTC), 0 for any number."""

    id: str
    prefix: str
    name: str
    scopes: list[Action]
    quota: int
    used_today: int
    created: datetime
    created_by: str
    expires: datetime | None
    revoked: datetime | None


class KeyList(BaseModel):
    object: Literal["list"] = "list"
    data: list[KeyInfo]


class AddKeyRequest(Incoming):
    """`POST /v1/keys`. Without `scopes` a key is for asking, feedback and the service's state."""

    name: Name
    scopes: list[Action] | None = Field(None, min_length=1, max_length=len(Action))
    quota: int = Field(0, ge=0, le=1_000_000_000)
    expires: AwareDatetime | None = None


class AddedKeyReply(BaseModel):
    """A new key. `secret` is the key itself: it is shown this once."""

    key: KeyInfo
    secret: str


class RevokeRequest(Incoming):
    """`POST /v1/keys/{key}/revoke`."""

    why: Why = ""


class AuditEntry(BaseModel):
    """One line of the audit log. `who_id` is "" for patrons, of whom nothing is kept."""

    id: int
    at: datetime
    role: str
    who_id: str
    who: str
    what: str
    subject: str
    why: str
    details: dict[str, Any]


class AuditList(BaseModel):
    """`GET /v1/audit`, newest first; ask for older lines with `before` = `next`; null: there are none."""

    object: Literal["list"] = "list"
    data: list[AuditEntry]
    next: int | None
