"""The card's sections on what was found: scores with their intervals, the gate, who decided what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from train.card.card import NOT_KNOWN, Section, Subject, Table
from train.evaluation.metrics import BY_NAME

_ROLES = ("base", "champion", "candidate")
_TITLES = {"base": "Base", "champion": "Champion", "candidate": "This version"}


def describe_scores(subject: Subject) -> Section:
    """The exam's figures for base, champion and this version, and what differs between them."""
    versions, comparisons = (
        _mapping(subject.report.get("versions")),
        _mapping(subject.report.get("comparisons")),
    )
    if not _mapping(versions.get("candidate")):
        return Section(
            "scores",
            "Scores",
            ("It has not sat an exam that this program knows of: how good its answers are is not known.",),
        )
    told = [
        "All of them answered the same held-out questions over the same passages, with greedy decoding. "
        "After each figure stand its lower and upper bound, each by itself at 95 %, and the number of "
        "questions.",
        *(
            f"{_TITLES[role]}: {_text(told.get('name'), NOT_KNOWN)}."
            for role in _ROLES
            if (told := _mapping(versions.get(role)))
        ),
    ]
    tables = [_compare_figures(versions)]
    for role in ("champion", "base"):
        if found := _mapping(comparisons.get(role)):
            if changes := _mapping(found.get("changes")):
                told.append(f"Question by question beside the {role}: {_count_changes(changes)}.")
            tables.append(_list_differences(role, _mapping(found.get("differences"))))
    return Section("scores", "Scores", tuple(told), tuple(table for table in tables if table.rows))


def describe_gate(subject: Subject) -> Section:
    """Each stage of the gate with its verdict and what it says."""
    stages = [_mapping(stage) for stage in _list(subject.gate.get("stages"))]
    if not stages:
        return Section("gate", "The gate", ("The gate has not judged it.",))
    rows = tuple(
        (
            _text(stage.get("name"), NOT_KNOWN),
            _text(stage.get("verdict"), NOT_KNOWN),
            _tell_stage(stage),
            _show_needed(stage.get("needed")),
        )
        for stage in stages
    )
    return Section(
        "gate",
        "The gate",
        (
            f"Verdict: {_text(subject.gate.get('verdict'), NOT_KNOWN)}. "
            f"{subject.gate.get('sentence') or ''}".strip(),
        ),
        (Table("Stages", ("Stage", "Verdict", "What was found", "How many more would settle it"), rows),),
    )


def describe_decisions(subject: Subject) -> Section:
    """Who decided on it, when and why."""
    if not subject.decisions:
        return Section("decisions", "Approvals", ("Nobody has decided on it yet.",))
    rows = tuple(
        (one.at, one.who, one.what, one.why or "none given", one.override) for one in subject.decisions
    )
    overridden = sum(bool(one.override) for one in subject.decisions)
    told = ["Each decision is a named person's, with their reason."]
    if overridden:
        told.append(f"{overridden} of them passed over the gate's verdict, for the reason that is given.")
    headings = ("When", "Who", "What", "Why", "Why over the gate's verdict")
    return Section("decisions", "Approvals", tuple(told), (Table("Decisions", headings, rows),))


def _tell_stage(stage: Mapping[str, Any]) -> str:
    """What a stage says, and of its findings what keeps it from passing."""
    found = [_mapping(finding) for finding in _list(stage.get("findings"))]
    told = [stage.get("sentence"), *(one.get("sentence") for one in found if one.get("verdict") != "pass")]
    return " ".join(dict.fromkeys(one for one in told if isinstance(one, str)))


def list_scores(report: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """This version's figures by name, each with value, low, high and count; none without its interval."""
    candidate = _mapping(_mapping(report.get("versions")).get("candidate"))
    return {
        name: {key: figure[key] for key in ("value", "low", "high", "count")}
        for name, figure in _read_figures(candidate).items()
    }


def _compare_figures(versions: Mapping[str, Any]) -> Table:
    roles = [role for role in _ROLES if _mapping(versions.get(role))]
    figures = {role: _read_figures(_mapping(versions[role])) for role in roles}
    names = dict.fromkeys(name for role in roles for name in figures[role])
    rows = tuple(
        (_name_metric(name), *(_show_figure(figures[role].get(name)) for role in roles)) for name in names
    )
    return Table("The exam", ("Figure", *(_TITLES[role] for role in roles)), rows)


def _list_differences(role: str, differences: Mapping[str, Any]) -> Table:
    rows = tuple(
        (
            _name_difference(name),
            f"{found['value']:+.3f}",
            f"{found['low']:+.3f}",
            f"{found['high']:+.3f}",
            f"{found['count']} in {_text(str(found.get('clusters', NOT_KNOWN)))} groups",
        )
        for name, found in ((name, _mapping(one)) for name, one in differences.items())
        if _is_figure(found)
    )
    headings = ("Figure", "Difference", "Lower bound (95 %)", "Upper bound (95 %)", "Questions")
    return Table(f"This version less the {role}, question by question", headings, rows)


def _read_figures(version: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Figures that come whole, with interval and count, over one question at least."""
    found = {name: _mapping(figure) for name, figure in _mapping(version.get("figures")).items()}
    return {name: figure for name, figure in found.items() if _is_figure(figure) and figure["count"] > 0}


def _is_figure(figure: Mapping[str, Any]) -> bool:
    return all(
        isinstance(figure.get(key), int | float)
        and not isinstance(figure[key], bool)
        and math.isfinite(figure[key])
        for key in ("value", "low", "high", "count")
    )


def _show_figure(figure: Mapping[str, Any] | None) -> str:
    if figure is None:
        return NOT_KNOWN
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f}; {figure['count']})"


def _count_changes(changes: Mapping[str, Any]) -> str:
    fixed, broken = len(_list(changes.get("fixed"))), len(_list(changes.get("broken")))
    same = [changes.get(key) for key in ("same_right", "same_wrong")]
    return f"{fixed} fixed, {broken} broken, {sum(one for one in same if isinstance(one, int))} the same"


def _name_metric(name: str) -> str:
    return BY_NAME[name].label if name in BY_NAME else name.replace("_", " ")


def _name_difference(name: str) -> str:
    is_ratio = name in BY_NAME and BY_NAME[name].scale == "ratio"
    return f"{_name_metric(name)} (as a share of the other's)" if is_ratio else _name_metric(name)


def _show_needed(needed: object) -> str:
    is_number = isinstance(needed, int) and not isinstance(needed, bool)
    return str(needed) if is_number and needed else ""


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _text(value: object, missing: str = "") -> str:
    return value.strip().removesuffix(".") if isinstance(value, str) and value.strip() else missing
