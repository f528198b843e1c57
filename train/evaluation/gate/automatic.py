"""Stage 2: what the exam and the probes say, held against the version in use and against the base.

The candidate has to be surely better where the training was meant to help, surely not worse anywhere else,
and must not have learnt anything by heart. The version in use is what a patron would lose; where there is
none, or beside it, stands the base.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from train.evaluation.gate.facts import AutomaticFacts
from train.evaluation.gate.margins import Reading, read_better, read_not_worse, widen_margin
from train.evaluation.gate.probes import judge_bias, judge_general, judge_memory
from train.evaluation.gate.thresholds import Thresholds
from train.evaluation.gate.verdict import Finding
from train.evaluation.metrics import BY_NAME, PRIMARY
from train.evaluation.report import Comparison, Report, Role

_CALLED: dict[Role, str] = {"champion": "the version in use", "base": "the base model"}


def judge_automatic(facts: AutomaticFacts, limits: Thresholds) -> Iterator[Finding]:
    """Findings on the exam and the probes."""
    report = facts.report
    yield from _judge_size(report, limits)
    rival = find_rival(report)
    if rival is None:
        yield Finding("compared", "not enough evidence", "It was not held against any other version.")
    else:
        for role in ("champion", "base"):
            if role in report.comparisons:
                yield _judge_primary(report, role, limits)
        yield _judge_target(report.comparisons[rival], _CALLED[rival])
        for name, margin in _list_guards(limits):
            yield _judge_guard(report, rival, name, margin, limits)
    if facts.calibration is not None:
        trusted = facts.calibration.trusted is not False
        yield Finding("rule", "pass" if trusted else "not enough evidence", facts.calibration.sentence)
    yield from judge_general(facts.general, facts.replay_loss, limits)
    yield judge_memory(facts.memory, limits)
    yield from judge_bias(facts.bias, report.comparisons[rival].slices if rival else {}, limits)


def find_rival(report: Report) -> Role | None:
    """The version that the candidate would take the place of: the one in use, else the base."""
    return next((role for role in ("champion", "base") if role in report.comparisons), None)


def _list_guards(limits: Thresholds) -> list[tuple[str, float]]:
    return [
        ("citation_precision", limits.margin),
        ("citation_recall", limits.margin),
        ("refusal_recall", limits.margin),
        ("over_refusal", limits.over_refusal_margin),
        ("answer_words", limits.length_margin),
        ("seconds", limits.seconds_margin),
    ]


def _judge_size(report: Report, limits: Thresholds) -> Iterator[Finding]:
    exam = report.versions["candidate"]
    counts = (
        ("questions", exam.questions, limits.least_questions),
        ("questions that something answers", exam.answerable, limits.least_answerable),
        ("questions that nothing answers", exam.questions - exam.answerable, limits.least_unanswerable),
    )
    for what, found, least in counts:
        if found < least:
            yield Finding(
                "exam-size",
                "not enough evidence",
                f"The exam has {found} {what}; {least} are the least.",
                least - found,
            )
    if all(found >= least for _, found, least in counts):
        yield Finding("exam-size", "pass", f"The exam has {exam.questions} questions.")


def _judge_primary(report: Report, role: Role, limits: Thresholds) -> Finding:
    compared = report.comparisons[role]
    difference = compared.differences[PRIMARY]
    margin = widen_margin(limits.margin, difference.count, limits.discordant, limits)
    reading = read_not_worse(difference, margin, "higher")
    sentence = _tell(report, role, PRIMARY, reading, margin, limits.margin)
    if role != find_rival(report):  # the stage begins with what changed beside that
        sentence = f"{compared.changes.sentence}. {sentence}"
    return Finding(f"not-worse-than-{role}", reading.verdict, _add_needed(sentence, reading), reading.needed)


def _judge_target(compared: Comparison, called: str) -> Finding:
    found = compared.target
    reading = read_better(found)
    sentence = (
        f"Where the training was meant to help ({found.count} questions), {_points(found.value)} points "
        f"{'better' if found.value >= 0 else 'worse'} than {called}, between {_signed(found.low)} and "
        f"{_signed(found.high)}"
    )
    told = {
        "pass": f"{sentence}: surely better.",
        "fail": f"{sentence}: surely not better.",
        "not enough evidence": f"{sentence}: that may be chance.",
    }[reading.verdict]
    if math.isnan(found.low):
        told = f"There are too few questions ({found.count}) of the kind that the training was meant for."
    return Finding("better-on-target", reading.verdict, _add_needed(told, reading), reading.needed)


def _judge_guard(report: Report, role: Role, name: str, margin: float, limits: Thresholds) -> Finding:
    metric, found = BY_NAME[name], report.comparisons[role].differences[name]
    if math.isnan(found.low):
        what = "not measured" if not found.count else "measured on too little"
        return Finding(name, "not enough evidence", f"{_capital(metric.label)}: {what}.")
    own = report.versions["candidate"].figures[name].value
    if name == "seconds" and own <= limits.quick_seconds:
        return Finding(name, "pass", f"{_capital(metric.label)}: {own:.2g}, for which nobody waits.")
    allowed = margin
    if metric.scale == "share":
        allowed = widen_margin(margin, found.count, limits.guard_discordant, limits)
    reading = read_not_worse(found, allowed, metric.better)
    sentence = _tell(report, role, name, reading, allowed, margin)
    return Finding(name, reading.verdict, _add_needed(sentence, reading), reading.needed)


def _tell(report: Report, role: Role, name: str, reading: Reading, allowed: float, asked: float) -> str:
    """As "Right answers: 71 %, 64 % of the version in use; at worst 2 points worse (5 allowed)"."""
    metric = BY_NAME[name]
    own, other = (report.versions[one].figures[name].value for one in ("candidate", role))
    worst, limit = max(0.0, reading.worst), _points(allowed)
    if metric.scale == "share":
        unit, told = "points", f"{_percent(own)}, {_percent(other)} of {_CALLED[role]}"
    else:
        unit, told = "%", f"{own:.3g}, {other:.3g} of {_CALLED[role]}"
    kind = "off" if metric.better == "same" else "worse"
    why = ", the least that so few questions can tell" if allowed > asked else ""
    return (
        f"{_capital(metric.label)}: {told}; at worst {_points(worst)} {unit} {kind} ({limit} allowed{why})."
    )


def _add_needed(sentence: str, reading: Reading) -> str:
    if reading.verdict != "not enough evidence" or not reading.needed:
        return sentence
    return f"{sentence} About {reading.needed:,} more questions would settle it."


def _percent(share: float) -> str:
    return "not known" if math.isnan(share) else f"{share * 100:.0f} %"


def _points(share: float) -> str:
    """Points without their sign, with a decimal where they are few."""
    points = abs(share) * 100
    return (
        "?" if math.isnan(points) else f"{points:.1f}".removesuffix(".0") if points < 10 else f"{points:.0f}"
    )


def _signed(share: float) -> str:
    return f"{'−' if share < 0 else '+'}{_points(share)}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
