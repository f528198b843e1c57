"""One piece of personal data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "e-mail address", "telephone number", "postal address", "payment card number", "bank account number",
    "national id", "library card number", "date of birth", "account name", "IP address", "name",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Datum:
    """What was found, `words` at `start` of the text. `label` says it more closely ("Spanish DNI").

    `sure` where a check digit or a form that nothing else has leaves little doubt.
    """

    kind: Kind
    words: str
    start: int
    end: int
    label: str = ""
    sure: bool = False
