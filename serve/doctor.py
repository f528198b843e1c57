"""`reading-room doctor`: what this machine has, what will be used and why, and every problem's remedy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from serve.adapters.base import BaseModel, read_base
from serve.adapters.folder import AdapterFolder, list_adapters
from serve.doctor_checks import (
    Check,
    check_adapters,
    check_database,
    check_embedder,
    check_engines,
    check_folders,
    check_index,
    check_machine,
    check_model,
    check_packages,
)
from serve.engine.machine import Machine, look_at_machine
from serve.engine.model import ModelFolder, find_model
from serve.engine.plan import EnginePlan, plan_engine
from serve.errors import EngineDown
from serve.settings import Settings

_SIGNS = {"ok": "  ok     ", "warning": "  warning", "problem": "  PROBLEM"}


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, and the plan for the engine where this machine is to run one."""

    checks: tuple[Check, ...]
    plan: EnginePlan | None

    @property
    def can_serve(self) -> bool:
        """Whether nothing was found that would stop the service."""
        return all(check.level != "problem" for check in self.checks)


def examine(settings: Settings) -> Report:
    """Look at everything the service needs. Starts nothing and writes nothing."""
    machine = look_at_machine()
    if settings.engine_urls:
        return Report(tuple(_examine_rest(settings, machine, None, ())), None)
    model = find_model(settings.model)
    model, base = _read_base(model)
    adapters = list_adapters(settings.adapters, base, most_rank=settings.adapter_rank)
    plan = plan_engine(settings, machine, model, adapters) if model.path else None
    return Report(tuple(_examine_rest(settings, machine, model, adapters)), plan)


def _read_base(model: ModelFolder) -> tuple[ModelFolder, BaseModel | None]:
    """The base as adapters must fit it; a model whose weights cannot be read has a problem more."""
    if model.path is None:
        return model, None
    try:
        return model, read_base(model.path)
    except EngineDown as error:
        return replace(model, path=None, problem=str(error)), None


def _examine_rest(
    settings: Settings, machine: Machine, model: ModelFolder | None, adapters: tuple[AdapterFolder, ...]
) -> Iterator[Check]:
    yield from check_machine(settings, machine)
    yield from check_packages(settings, machine)
    yield from check_folders(settings)
    if model is None:
        yield from check_engines(settings)
    else:
        yield from check_model(settings, model)
        yield from check_adapters(settings, adapters)
    yield from check_embedder(settings)
    yield from check_index(settings)
    yield from check_database(settings)


def render(report: Report) -> str:
    """The report as plain lines of text, a remedy below what it is for."""
    lines: list[str] = []
    for check in report.checks:
        lines.append(f"{_SIGNS[check.level]}  {check.title}: {check.found}")
        if check.remedy:
            lines.append(f"{'':11}→ {check.remedy}")
    if report.plan is not None:
        lines += ["", "The engine:", *(f"  {reason}" for reason in report.plan.reasons)]
        lines.append(f"  {' '.join(report.plan.command)}")
    problems = sum(check.level == "problem" for check in report.checks)
    warnings = sum(check.level == "warning" for check in report.checks)
    verdict = "The service can start." if report.can_serve else "The service cannot start."
    lines += ["", f"{verdict} Problems: {problems}. Warnings: {warnings}."]
    return "\n".join(lines)


def run_doctor(settings: Settings) -> int:
    """Print the report; 1 when a problem would stop the service, else 0."""
    report = examine(settings)
    sys.stdout.write(render(report) + "\n")
    return 0 if report.can_serve else 1
