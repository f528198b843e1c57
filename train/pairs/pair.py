"""A pair: a question, the answer it should get, and the passages that show it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

Origin = Literal["feedback", "staff", "import", "draft"]
"""Whence a pair comes: a patron's chat, written by staff, a file, or drafted by the model (synthetic)."""
Kind = Literal["answer", "refusal"]
"""Whether it answers, or says that the collections do not hold it."""
Consent = Literal["patron", "staff", "file", "none"]
"""Who agreed to its use: the patron, staff by writing it, the importer for a file; or nobody yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A passage behind an answer. The answer cites the first as [1], the second as [2] and so on.

    `heading` is the line a passage begins with in the prompt (title, dates, container).
    """

    record_id: str
    collection_id: str
    heading: str
    breadcrumb: tuple[str, ...] = ()
    text: str = ""
    source: str = ""
    """The file or address that the record was read from."""
    public: bool = True
    """False where the record's conditions keep it from the public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """One turn before the question."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One pair as it stands in a dataset version or a file.

    `contributor` and `approver` are names of staff; `approver` is "" where nobody approved it yet, and
    `waiver` says why nobody else did. `language` is a BCP 47 tag.
    """

    id: str
    question: str
    answer: str
    evidence: tuple[Evidence, ...] = ()
    history: tuple[Earlier, ...] = ()
    kind: Kind = "answer"
    origin: Origin = "staff"
    contributor: str = ""
    approver: str = ""
    waiver: str = ""
    consent: Consent = "none"
    licence: str = ""
    language: str = "en"

    @property
    def collections(self) -> tuple[str, ...]:
        """Ids of the collections its evidence lies in, each once, in order."""
        return tuple(dict.fromkeys(item.collection_id for item in self.evidence))

    @property
    def is_synthetic(self) -> bool:
        """Whether a model wrote it."""
        return self.origin == "draft"


def digest(pair: Pair) -> str:
    """SHA-256 (hex) of all of a pair, the same wherever it is read."""
    plain = json.dumps(asdict(pair), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()
