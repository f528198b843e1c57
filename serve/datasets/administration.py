"""Building, finding, checking and comparing dataset versions: all that commands and routes do with them.

A build reads the approved pairs as they are at one moment, writes the folder aside, enters the rows, gives
the folder its name and commits. Killed at any moment it leaves either a draft, which the next build removes,
or a whole folder without rows, which `finish` enters: so there is a whole version or none.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from retrieval.prompt import PROMPT_VERSION
from serve.adapters.base import weights_sha256
from serve.curation.pairs import read_withdrawn
from serve.database import Database
from serve.datasets.ledger import enter_version, read_versions, read_withdrawn_pairs
from serve.datasets.source import Records, open_records, read_candidates
from serve.datasets.store import DatasetStore
from serve.datasets.tables import DatasetVersion
from serve.datasets.version import Version
from serve.engine.model import find_model
from serve.errors import BadRequest, Conflict, NotFound, ServeError
from serve.people.audit import audit
from serve.people.authority import Actor
from serve.plain import make_plain
from serve.settings import Settings
from serve.tokens import load_token_counter
from train.datasets.difference import Difference, compare
from train.datasets.errors import DatasetDamaged, DatasetRefused
from train.datasets.folder import DatasetFolder, find_problems, open_dataset, read_manifest
from train.datasets.making import Before, Beside, Plan, look_back, plan_version, write_version
from train.datasets.names import MANIFEST, MOST_NUMBER, Part, VersionName, check_dataset_name, parse_version

log = logging.getLogger(__name__)

_MOST_WHY = 2_000
_TRIES = 5
"""How often a build starts again because a pair was withdrawn while it was written."""


class Damaged(ServeError):
    """A version's folder is not as it was made: it must not be used."""

    status, code = 409, "dataset_damaged"
    type = "invalid_request_error"


@dataclass(frozen=True, slots=True)
class Built:
    """A version that was made; `warnings` are plain sentences about what it holds."""

    version: Version
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of one version found; no problems: it is whole."""

    version: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a build would make now, as number `number`."""

    plan: Plan
    number: int


class Datasets:
    """The versions in one folder and one database, for as many processes at once as there are.

    `index_root` is where the index lies, `library` the library's name, `find_base` gives the SHA-256 of the
    base model's weights, "" where it is not on this machine.
    """

    def __init__(
        self,
        database: Database,
        store: DatasetStore,
        *,
        index_root: Path,
        library: str,
        find_base: Callable[[], str],
        count_tokens: Callable[[str], int],
    ) -> None:
        self.database = database
        self.store = store
        self._index_root = index_root
        self._library = library
        self._find_base = find_base
        self._count_tokens = count_tokens

    def finish(self) -> tuple[str, ...]:
        """Enter the whole versions that a killed build left without rows; their names. Waits for builds.

        A folder that is not whole is left alone and said in the log.
        """
        if not self.store.root.is_dir():
            return ()
        with self.store.lock():
            return self._finish()

    def preview(self, name: str) -> Preview:
        """What a build would make now; nothing is made. Raises BadRequest, Damaged for the version before."""
        _check_name(name)
        with self.database.readings() as session:
            return self._plan(session, name, open_records(self._index_root))

    def build(self, name: str, *, actor: Actor, why: str = "") -> Built:
        """Make the next version of `name` of the pairs that are approved now.

        Raises BadRequest for a name that cannot be one, Conflict where too little is approved (with what to
        do), Damaged where the version before is not whole, StoreFull where the disk is full.
        """
        _check_name(name)
        base = self._find_base()
        with self.store.lock():
            self._finish()
            for _ in range(_TRIES):
                records = open_records(self._index_root)
                with self.database.readings() as session:
                    preview = self._plan(session, name, records)
                beside = Beside(base, PROMPT_VERSION, records.version)
                version = self._make(preview, beside, actor, why)
                if version:
                    return Built(self.find(str(version)), preview.plan.warnings)
        raise Conflict(
            "Expected the pairs to stay as they are while the version is built, found some withdrawn each "
            "time. Build it again in a minute."
        )

    def versions(self) -> tuple[Version, ...]:
        """Every version, the newest first."""
        with self.database.readings() as session:
            return read_versions(session)

    def find(self, version: str) -> Version:
        """One version. Raises NotFound."""
        for one in self.versions():
            if one.version == version:
                return one
        raise NotFound(
            f"There is no dataset version {ascii(version)[1:-1][:80]}. List them: reading-room dataset list"
        )

    def open(self, version: str) -> DatasetFolder:
        """A version to read, held against every digest. Raises NotFound, Damaged with what was found."""
        row = self.find(version)
        problems = self._find_problems(row)
        if problems:
            raise Damaged(problems[0])
        return DatasetFolder(self.store.find(version), read_manifest(self.store.find(version)))

    def find_withdrawn(self, version: str) -> dict[str, Part]:
        """The pairs of a version that were withdrawn since it was made, with the part each is in."""
        with self.database.readings() as session:
            return read_withdrawn_pairs(session, version)

    def verify(self, version: str = "") -> tuple[Finding, ...]:
        """Take every digest of one version, or of all, anew. Changes nothing. Raises NotFound."""
        rows = [self.find(version)] if version else list(self.versions())
        findings = [Finding(row.version, self._find_problems(row)) for row in rows]
        if not version:
            known = {row.version for row in rows}
            strays = [str(one) for one in self.store.versions() if str(one) not in known]
            told = "expected a row in the database, found none; the next build enters it if it is whole."
            findings += [
                Finding(one, find_problems(self.store.root / one) or (f"{one}: {told}",)) for one in strays
            ]
        return tuple(findings)

    def compare(self, before: str, after: str) -> Difference:
        """What became of one version in another; `before` "": in the one it was made from.

        Raises NotFound, Damaged, BadRequest where there is nothing to compare with.
        """
        before = before or self.find(after).parent
        if not before:
            raise BadRequest(f"{after} is the first of its name; name another version to compare it with.")
        return compare(self.open(before), self.open(after))

    def _finish(self) -> tuple[str, ...]:
        with self.database.readings() as session:
            known = set(session.scalars(select(DatasetVersion.version)))
        entered = []
        for one in self.store.versions():
            if str(one) in known:
                continue
            try:
                folder = open_dataset(self.store.root / str(one))
                members = folder.train(), folder.exam()
            except (DatasetDamaged, OSError) as problem:
                log.warning("dataset version left out: %s", problem)
                continue
            with self.database.sessions.begin() as session:
                enter_version(session, folder.manifest, *members)
            log.info("dataset version %s had been built by a process that died; it is entered now", one)
            entered.append(str(one))
        return tuple(entered)

    def _plan(self, session: Session, name: str, records: Records) -> Preview:
        before = self._look_back(session, name)
        number = 1 + max((one.number for one in self._taken(session, name)), default=0)
        if number > MOST_NUMBER:
            raise Conflict(f"{name} has no number left after {MOST_NUMBER}; choose another name.")
        plan = plan_version(
            name,
            read_candidates(session, records, self._count_tokens),
            frozenset(read_withdrawn(session)),
            before,
            records.find,
            library=self._library,
        )
        return Preview(plan, number)

    def _taken(self, session: Session, name: str) -> list[VersionName]:
        """The versions of a name that the database or the folder knows."""
        told = session.scalars(select(DatasetVersion.version).where(DatasetVersion.name == name))
        found = [*(parse_version(one) for one in told), *self.store.versions()]
        return [one for one in found if one and one.name == name]

    def _look_back(self, session: Session, name: str) -> Before:
        """The newest version of a name, for the next to go on from. Raises Damaged where it is not whole."""
        newest = max((one for one in read_versions(session) if one.name == name), key=_number, default=None)
        if newest is None:
            return Before()
        problems = self._find_problems(newest)
        if problems:
            raise Damaged(
                f"{problems[0]} The next version needs it whole, or the exam would not stay what it is."
            )
        path = self.store.find(newest.version)
        return look_back(DatasetFolder(path, read_manifest(path)))

    def _make(self, preview: Preview, beside: Beside, actor: Actor, why: str) -> VersionName | None:
        """Write and enter a version; None where a pair of it was withdrawn meanwhile, and nothing is left."""
        plan = preview.plan
        if plan.refusal:
            raise Conflict(plan.refusal)
        with self.store.draft() as draft:
            manifest = write_version(
                draft,
                plan,
                beside,
                number=preview.number,
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                who=make_plain(actor.name)[:200] or actor.role.value,
                why=make_plain(why)[:_MOST_WHY],
            )
            with self.database.sessions() as session:
                # The rows first: from here on find_versions waits for us, or we see what it followed.
                enter_version(session, manifest, plan.parts.train, plan.parts.exam)
                held = {one.pair.id for one in (*plan.parts.train, *plan.parts.exam)}
                if held & set(read_withdrawn(session)):
                    session.rollback()
                    return None
                told = {"pairs": manifest.counts["pairs"], "exam": manifest.counts["exam"]}
                audit(session, actor, "built", f"dataset {manifest.version}", manifest.why, told)
                session.flush()
                self.store.publish(draft, manifest.version)
                session.commit()
        return manifest.version

    def _find_problems(self, row: Version) -> tuple[str, ...]:
        """What is not as it was made: in the folder itself, or held against the row."""
        try:
            path = self.store.find(row.version)
        except NotFound as missing:
            return (str(missing),)
        problems = find_problems(path)
        if problems:
            return problems
        with (path / MANIFEST).open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != row.manifest_sha256:
            return (
                f"{row.version}: {MANIFEST}: expected SHA-256 {row.manifest_sha256}, as the database has it, "
                f"found {found}. Put the version back from a copy.",
            )
        return ()


def finish_builds(datasets: Datasets) -> None:
    """`Datasets.finish` at a start, which a folder that cannot be used does not hinder: the log says it."""
    try:
        datasets.finish()
    except ServeError as error:
        log.warning("dataset versions are not looked at: %s", error)


def make_datasets(settings: Settings, database: Database) -> Datasets:
    """The dataset versions that the settings name. Costs nothing before it is used."""
    return Datasets(
        database,
        DatasetStore(settings.dataset_root),
        index_root=settings.index_root,
        library=settings.library_name,
        find_base=lambda: _find_base(settings),
        count_tokens=lambda text: _load_counter(settings.model)(text),
    )


@lru_cache(maxsize=1)
def _load_counter(model: str) -> Callable[[str], int]:
    return load_token_counter(model)


def _find_base(settings: Settings) -> str:
    """SHA-256 of the base model's weights; "" where only engines elsewhere have it, or it cannot be read."""
    if settings.engine_urls and "model" not in settings.model_fields_set:
        return ""
    model = find_model(settings.model)
    try:
        return weights_sha256(model.path) if model.path else ""
    except (OSError, ValueError) as error:
        log.warning("the base model's digest is not known: %s", error)
        return ""


def _check_name(name: str) -> None:
    try:
        check_dataset_name(name)
    except DatasetRefused as refused:
        raise BadRequest(str(refused), param="name") from refused


def _number(version: Version) -> int:
    return version.number
