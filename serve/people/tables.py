"""The tables of staff, their sign-ins, API keys, and the audit log."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, DateTime, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serve.tables import Base


class StaffAccount(Base):
    """Somebody of the staff. Never deleted, only disabled: the audit log speaks of it."""

    __tablename__ = "staff_account"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(400), unique=True)
    """The name as it is compared: of "Ada Marsh" and "ada marsh" there is one."""
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str] = mapped_column(String(200))
    """An Argon2id hash; "" for who signs in elsewhere."""
    subject: Mapped[str | None] = mapped_column(String(600), unique=True)
    """Issuer and `sub` at the OpenID provider; None for who signs in with a password."""
    active: Mapped[bool] = mapped_column()
    generation: Mapped[int] = mapped_column(Integer)
    """Raised by a new password, a new role and by disabling: sign-ins of earlier generations are over."""
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(200))


class StaffSession(Base):
    """One sign-in. The token itself is kept nowhere."""

    __tablename__ = "staff_session"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(40), index=True)
    generation: Mapped[int] = mapped_column(Integer)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    seen: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """The last use, to the minute."""
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class SignInDelay(Base):
    """Failed sign-ins of the names that share a bucket, and until when none of them is tried again."""

    __tablename__ = "sign_in_delay"

    bucket: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    failures: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ApiKey(Base):
    """A program's key: its first letters, to know it by, and the SHA-256 of all of it."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    prefix: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    quota: Mapped[int] = mapped_column(Integer)
    """Requests a day; 0: as many as come."""
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(200))
    expires: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ApiKeyUse(Base):
    """How many requests came with a key that has a quota, by day (UTC)."""

    __tablename__ = "api_key_use"

    key_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    requests: Mapped[int] = mapped_column(Integer)


class OidcFlow(Base):
    """A sign-in that is under way at the OpenID provider."""

    __tablename__ = "oidc_flow"

    flow_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(100))
    nonce: Mapped[str] = mapped_column(String(100))
    verifier: Mapped[str] = mapped_column(String(200))
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class AuditEvent(Base):
    """Something that somebody did, and why; only ever appended to."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    role: Mapped[str] = mapped_column(String(16))
    who_id: Mapped[str] = mapped_column(String(40), index=True)
    """A staff account's, an API key's, or that of the staff key; never a patron's."""
    who: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(300), index=True)
    why: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
