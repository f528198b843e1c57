"""What staff do with adapters: the same operations behind the commands and the HTTP API.

Each puts the adapter folder, the base model and the registry together. They need no running gateway;
one that runs follows what they change.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serve.adapters.base import BaseModel, read_base
from serve.adapters.folder import CONFIG, NAME, WEIGHTS, AdapterFolder, check_adapter, list_adapters, sha256
from serve.adapters.registry import Registry, Version
from serve.adapters.store import AdapterStore
from serve.adapters.weights import parse_object
from serve.engine.model import ModelFolder, find_model
from serve.errors import BadRequest, Conflict, EngineDown, NotFound, ServeError
from serve.settings import BUNDLED_ADAPTERS, BUNDLED_READER, Settings, child_environment

log = logging.getLogger(__name__)

REFERENCE_SECONDS = 900
RUN_PREFIX = "run-"
"""A training run's id begins with it."""
_LOW_PRIORITY = 10
"""Patrons may be asking on the same machine."""


@dataclass(frozen=True, slots=True)
class Added:
    """A version that was added; `remark` says in one line why no reference was computed, "" where one was."""

    version: Version
    remark: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of one version's files found; it is whole where there are no problems."""

    name: str
    problems: tuple[str, ...]


class Administration:
    """The operations on `store` and `registry`. Safe to use from several threads and processes.

    `model` is the base model's folder, None where it is not on this disk, with `missing` saying why if it
    ought to be: then nothing is checked, so nothing is added. `base_names` is what the base
    is asked for by, `most_rank` the highest rank the engines take, `incoming` the folder from which the
    HTTP API may add, and `bundled` the folder of the adapters that came with the base, if any.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: AdapterStore,
        model: Path | None,
        base_names: tuple[str, ...],
        most_rank: int,
        incoming: Path,
        missing: str = "",
        bundled: Path | None = None,
    ) -> None:
        self.registry = registry
        self.store = store
        self._model = model
        self._base_names = base_names
        self._most_rank = most_rank
        self._incoming = incoming
        self._missing = missing
        self._bundled = bundled
        self._computing = threading.Lock()

    def adopt(self, *, who: str) -> tuple[Version, ...]:
        """Register the sound versions in the folder that are not known; say what is left out, and why.

        The bundled ones are copied there first, once: one that was purged does not come back. What cannot
        be read or kept is said in the log, and keeps no gateway from starting. A version that a run made
        is registered by that run or by hand: one whose run was cut short shall answer nobody.
        """
        try:
            base = self._base()
        except EngineDown as error:
            log.warning("no adapters are taken over: %s", error)
            return ()
        self._bring_bundled()
        folders = list_adapters(self.store.root, base, most_rank=self._most_rank, base_names=self._base_names)
        for problem in (problem for folder in folders for problem in folder.problems):
            log.warning("adapter left out: %s", problem)
        return self.registry.adopt([folder for folder in folders if not is_made_by_run(folder)], who=who)

    def _bring_bundled(self) -> None:
        if self._bundled is None:
            return
        known = {version.name for version in self.registry.snapshot().versions}
        for folder in sorted(self._bundled.glob("*--v*")):
            if folder.name in known or (self.store.root / folder.name).exists():
                continue
            try:
                self._copy_in(folder, None)
            except Conflict as conflict:
                log.info("%s", conflict)  # another gateway that starts was quicker
            except ServeError as error:
                log.warning("bundled adapter left out: %s", error)

    def add(self, source: Path, *, name: str | None = None, who: str, why: str = "") -> Added:
        """Check a version, copy it into the folder and register it, with peft's own answers if possible.

        `source` and `name` as in `AdapterStore.add`, which also says what is raised. An add that died
        half-way is finished by adding the same folder again.
        """
        folder = self.take_in(source, name)
        staged = self.registry.stage(folder, who=who, why=why)
        if staged.state != "staged":
            return Added(staged, "")
        reference, remark = self.compute_reference(folder.path)
        if reference is None and staged.reference is not None:
            remark = f"{remark} The reference in its manifest is used."
        return Added(self.registry.register(folder, reference=reference, who=who, why=why), remark)

    def take_in(
        self, source: Path, name: str | None, lineage: Mapping[str, Any] | None = None
    ) -> AdapterFolder:
        """Check a version and copy it into the folder; nobody is told of it yet.

        The same files, taken in before and not registered, give what lies there. Arguments and what is
        raised: `AdapterStore.add`.
        """
        try:
            return self._copy_in(source, name, lineage)
        except Conflict:
            left = self._find_unfinished(source)
            if left is None:
                raise
            return left

    def compute_reference(self, adapter: Path) -> tuple[dict[str, Any] | None, str]:
        """What peft's own forward pass gives, computed in a process of its own, one at a time.

        None with why in one line where it cannot be had.
        """
        if self._model is None:
            return None, "Not compared with peft: the base model is not on this machine."
        command = [sys.executable, "-m", "train.reference", str(self._model), str(adapter)]
        with self._computing:
            return _run_reference(command)

    def add_incoming(self, folder: str, *, name: str | None = None, who: str, why: str = "") -> Added:
        """Add a sub-folder of the incoming folder, by its bare name. Raises as `add` does."""
        if not folder or folder in (".", "..") or {"/", "\\", "\x00"} & set(folder):
            raise BadRequest(
                f"folder: expected the name of a folder in {self._incoming.name}, found {folder[:80]!r}.",
                param="folder",
            )
        if not (self._incoming / folder).is_dir():
            raise NotFound(
                f"There is no folder {folder[:80]!r} in {self._incoming.name}, in the service's data folder. "
                "Copy the adapter there first.",
                param="folder",
            )
        return self.add(self._incoming / folder, name=name, who=who, why=why)

    def verify(self, name: str = "") -> tuple[Finding, ...]:
        """Read the files of one version, or of all that are not purged, and hold them against the manifest,
        the base and the registry. Changes nothing. Raises NotFound for a name that is not known."""
        known = {version.name: version for version in self.registry.snapshot().versions}
        if name and name not in known:
            raise NotFound(
                f"There is no adapter version {name[:80]!r}. List them: reading-room adapters list"
            )
        chosen = [known[name]] if name else [one for one in known.values() if one.state != "purged"]
        return tuple(Finding(version.name, tuple(self._find_problems(version))) for version in chosen)

    def check_alias(self, name: str) -> None:
        """Raises BadRequest for an alias that is called like the base model: nobody could tell them apart."""
        if name in self._base_names:
            raise BadRequest(f"{name} is the base model's name; choose another alias.", param="alias")

    def purge(self, name: str, *, who: str, why: str = "") -> Version:
        """Delete the files of a retired or failed version. Raises as `Registry.purge` does.

        The registry goes first: from then on nobody may ask for it. Purging again finishes one that died
        in between.
        """
        version = self.registry.purge(name, who=who, why=why)
        try:
            self.store.purge(name)
        except NotFound:
            log.info("the files of %s were gone already", name)
        return version

    def _copy_in(
        self, source: Path, name: str | None, lineage: Mapping[str, Any] | None = None
    ) -> AdapterFolder:
        return self.store.add(
            source,
            self._base(),
            most_rank=self._most_rank,
            name=name,
            lineage=lineage,
            base_names=self._base_names,
        )

    def _find_unfinished(self, source: Path) -> AdapterFolder | None:
        """The version that an add of the same files has put into the folder and not got registered."""
        states = {version.name: version.state for version in self.registry.snapshot().versions}
        weights, config = sha256(source / WEIGHTS), sha256(source / CONFIG)
        for path in sorted(self.store.root.glob(f"*-{weights[:8]}")):
            if not NAME.fullmatch(path.name) or states.get(path.name, "staged") != "staged":
                continue
            found = self._check(path)
            if found.sha256 == weights and not found.problems and sha256(path / CONFIG) == config:
                return found
        return None

    def _find_problems(self, version: Version) -> list[str]:
        try:
            found = self._check(self.store.find(version.name))
        except NotFound:
            return [f"{version.name}: its folder is missing; put it back, or retire and purge the version"]
        problems = list(found.problems)
        for key in ("sha256", "base_sha256"):
            expected, here = getattr(version, key), getattr(found, key)
            if here and here != expected:
                problems.append(
                    f"{version.name}: {key}: the registry has {expected[:12]}…, the folder {here[:12]}…; "
                    "copy the version again from where it came"
                )
        return problems

    def _check(self, path: Path) -> AdapterFolder:
        return check_adapter(path, self._base(), most_rank=self._most_rank, base_names=self._base_names)

    def _base(self) -> BaseModel | None:
        """The base to check against; reading it again costs little, its digest is remembered.

        None where only the engines have it: they check again. Raises EngineDown where it cannot be read.
        """
        if self._missing:
            raise EngineDown(self._missing)
        return read_base(self._model) if self._model else None


def make_administration(settings: Settings, registry: Registry) -> Administration:
    """The administration of the adapter folder that the settings name."""
    model = _find_base(settings)
    return Administration(
        registry=registry,
        store=AdapterStore(settings.adapters),
        model=model.path if model else None,
        base_names=(model.name,) if model else (),
        most_rank=settings.adapter_rank,
        incoming=settings.data / "incoming",
        missing=model.problem if model and not settings.engine_urls else "",
        bundled=BUNDLED_ADAPTERS if model and model.path == BUNDLED_READER else None,
    )


def is_made_by_run(folder: AdapterFolder) -> bool:
    """Whether a version's manifest says that a training run made it."""
    return str(folder.lineage.get("run", "")).startswith(RUN_PREFIX)


def _find_base(settings: Settings) -> ModelFolder | None:
    """The base model; None where engines by URL serve one that nobody has named here."""
    if settings.engine_urls and "model" not in settings.model_fields_set:
        return None
    return find_model(settings.model)


def _run_reference(command: list[str]) -> tuple[dict[str, Any] | None, str]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment({}),
    )
    try:
        os.setpriority(os.PRIO_PROCESS, process.pid, _LOW_PRIORITY)
    except OSError:
        log.debug("the priority of process %d stays as it is", process.pid)
    try:
        printed, complained = process.communicate(timeout=REFERENCE_SECONDS)
    except subprocess.TimeoutExpired:
        return None, f"Not compared with peft: it took longer than {REFERENCE_SECONDS} s."
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode != 0:
        lines = complained.decode(errors="replace").strip().splitlines()
        return None, f"Not compared with peft: {lines[-1] if lines else 'no reason given'}"
    try:
        return parse_object(printed.strip().splitlines()[-1]), ""
    except (ValueError, IndexError) as error:
        return None, f"Not compared with peft: what it printed cannot be read ({error})."
