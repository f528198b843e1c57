"""What is to become of a version: a named person decides, says why, and stands in the log."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from serve.adapters.registry import Registry
from serve.datasets.ledger import read_withdrawn_pairs
from serve.errors import BadRequest, Conflict, Forbidden
from serve.people.audit import audit
from serve.people.authority import Action, Actor, may
from serve.people.moments import now_utc
from serve.people.staff_key import KEY_ID
from serve.plain import make_plain
from serve.training.book import take_turn
from serve.training.judging import Judging
from serve.training.refusals import find_withdrawal
from serve.training.run import CHOICES, Choice, Decision, Run, load_decision
from serve.training.tables import RunDecisionRow
from train.evaluation.gate.verdict import Gate

FIRST_SHARE = 5
"""Percent of the conversations that a version is tried on at first."""
_HARD = ("integrity", "data")
"""Stages against which nobody promotes."""
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Deciding:
    """Decisions on runs. Safe to use from several threads and processes."""

    judging: Judging
    registry: Registry

    def decide(
        self,
        run: Run,
        decision: Choice,
        *,
        actor: Actor,
        why: str,
        override: str = "",
        alias: str = "",
        share: int = FIRST_SHARE,
        automatic: bool = False,
        answers_needed: int = 200,
        revision: int | None = None,
    ) -> Decision:
        """Decide on a run; promoted, its version is what `alias` (default: the adapter's name) points to.

        Both are written in one transaction. Before the gate has passed all stages but the canary (at 100 %:
        all of them) a promotion needs `override`, an administrator's reason. Raises BadRequest for a decision
        without a reason, Forbidden for who may not or has no name, Conflict where nothing can be decided or
        files or dataset are not as they should be, and what `Registry.promote` does.
        """
        _check_words(decision, actor, why)
        if run.trained is None:
            raise Conflict(f"{run.id} has made nothing yet that could be decided on.")
        gate = self.judging.judge(run)
        ruling = _Ruling(decision, actor, why, gate)
        if decision != "promote":
            with self.registry.database.sessions.begin() as session:
                return self._enter(session, run, ruling)
        self._check_promotion(run, gate, actor, override, share)
        kept = "" if _is_through(gate, share) else override
        ruling = replace(ruling, override=kept, alias=alias or run.adapter, share=share)
        found: list[Decision] = []
        self.registry.promote(
            ruling.alias,
            run.version,
            share=share,
            automatic=automatic and share < 100,
            answers_needed=answers_needed,
            revision=revision,
            who=actor.name,
            why=why,
            also=lambda session: found.append(self._enter(session, run, ruling)),
        )
        return found[-1]

    def _check_promotion(self, run: Run, gate: Gate, actor: Actor, override: str, share: int) -> None:
        if not run.version:
            raise Conflict(
                f"{run.id} made a new base model, and no adapter: set READING_ROOM_MODEL to it and start the "
                "service again."
            )
        if run.asked.get("smoke") is True:
            raise Conflict(f"{run.id} only tried the machinery (smoke): what came of it is not promoted.")
        if run.examined is None:
            raise Conflict(f"{run.version} has not sat its exam yet; wait for it.")
        for name in _HARD:
            stage = gate.stage(name)  # type: ignore[arg-type]
            if stage.verdict == "fail":
                raise Conflict(f"The gate stops it ({name}), and nobody may pass that by: {stage.sentence}")
        if _is_through(gate, share):
            return
        if not override.strip():
            raise Conflict(
                f"{gate.sentence} Wait for what is missing; or an administrator promotes it all the same, "
                "and says why (override).",
                param="override",
            )
        if not may(actor, Action.MANAGE_ADAPTERS):
            raise Forbidden("Only an administrator promotes a version that has not passed the gate.")

    def _enter(self, session: Session, run: Run, ruling: _Ruling) -> Decision:
        """Append the decision, in the transaction of the promotion."""
        take_turn(session)
        if ruling.decision == "promote":
            self._refuse_withdrawn(session, run)
        row = RunDecisionRow(
            run=run.id,
            at=now_utc(),
            who_id=ruling.actor.id[:200],
            who=make_plain(ruling.actor.name)[:200],
            decision=ruling.decision,
            version=run.version,
            alias=ruling.alias,
            share=ruling.share,
            verdict=ruling.gate.verdict,
            gate=ruling.gate.as_json(),
            why=make_plain(ruling.why).strip()[:_MOST],
            override=make_plain(ruling.override).strip()[:_MOST],
        )
        session.add(row)
        details = {"decision": row.decision, "verdict": row.verdict, "override": row.override}
        audit(session, ruling.actor, "decided on", f"run {run.id}", row.why, details)
        session.flush()
        return load_decision(row)

    def _refuse_withdrawn(self, session: Session, run: Run) -> None:
        gone = [pair for pair, part in read_withdrawn_pairs(session, run.dataset).items() if part == "train"]
        if refusal := find_withdrawal(run.dataset, run.dataset.partition("--")[0], len(gone)):
            raise Conflict(refusal)


@dataclass(frozen=True, slots=True)
class _Ruling:
    """What is to be written down."""

    decision: Choice
    actor: Actor
    why: str
    gate: Gate
    override: str = ""
    alias: str = ""
    share: int = 0


def _is_through(gate: Gate, share: int) -> bool:
    return gate.may_promote if share == 100 else gate.may_try


def _check_words(decision: str, actor: Actor, why: str) -> None:
    if decision not in CHOICES:
        raise BadRequest(
            f"decision: expected one of {', '.join(CHOICES)}, found {ascii(decision)[1:-1][:40]}.",
            param="decision",
        )
    if not make_plain(why).strip():
        raise BadRequest("Say why: the reason is kept with the decision.", param="why")
    if actor.id == KEY_ID or not make_plain(actor.name).strip():
        raise Forbidden("A decision needs a person's name: sign in with an account of your own.")
