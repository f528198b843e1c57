"""What comes of writing pairs in a form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Export:
    """A file's bytes, and sentences about what the form could not carry."""

    data: bytes
    notes: tuple[str, ...] = ()
