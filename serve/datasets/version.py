"""A version as the database has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from serve.datasets.tables import DatasetVersion
from serve.people.moments import as_utc


@dataclass(frozen=True, slots=True)
class Version:
    """One version: `pairs` to train on, `exam` held out, `withdrawn` of both withdrawn since it was made."""

    version: str
    name: str
    number: int
    sha256: str
    manifest_sha256: str
    parent: str
    pairs: int
    exam: int
    excluded: int
    created: datetime
    who: str
    why: str
    withdrawn: int = 0

    @property
    def remark(self) -> str:
        """What has become of it since, in words; "" where nothing has."""
        if not self.withdrawn:
            return ""
        return (
            f"holds {self.withdrawn} withdrawn pair{'' if self.withdrawn == 1 else 's'}: build the next "
            "version, and train from that one"
        )


def load_version(row: DatasetVersion, withdrawn: int) -> Version:
    return Version(
        version=row.version,
        name=row.name,
        number=row.number,
        sha256=row.sha256,
        manifest_sha256=row.manifest_sha256,
        parent=row.parent,
        pairs=row.pairs,
        exam=row.exam,
        excluded=row.excluded,
        created=as_utc(row.created),
        who=row.who,
        why=row.why,
        withdrawn=withdrawn,
    )
