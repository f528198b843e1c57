"""Dataset versions and the pairs they hold. A row is written once its folder is whole, and never changes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serve.tables import Base


class DatasetVersion(Base):
    """One version. `sha256` is its digest, `manifest_sha256` that of its manifest's bytes."""

    __tablename__ = "dataset_version"
    __table_args__ = (UniqueConstraint("name", "number"),)

    version: Mapped[str] = mapped_column(String(80), primary_key=True)
    """Its full name, which is its folder's: letters--v3-1a2b3c4d."""
    name: Mapped[str] = mapped_column(String(60))
    number: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    parent: Mapped[str] = mapped_column(String(80))
    """The version before it, "" for the first of its name."""
    pairs: Mapped[int] = mapped_column(Integer)
    exam: Mapped[int] = mapped_column(Integer)
    excluded: Mapped[int] = mapped_column(Integer)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    who: Mapped[str] = mapped_column(String(200))
    why: Mapped[str] = mapped_column(Text)


class DatasetPair(Base):
    """A pair in a version, at the revision that was approved then."""

    __tablename__ = "dataset_pair"

    version: Mapped[str] = mapped_column(ForeignKey("dataset_version.version"), primary_key=True)
    pair: Mapped[str] = mapped_column("pair_id", String(80), primary_key=True, index=True)
    revision: Mapped[int] = mapped_column(Integer)
    part: Mapped[str] = mapped_column(String(8))
    """train or exam."""
