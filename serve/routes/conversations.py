"""What is kept of a conversation: its patron's agreement and its end, requests for deletion, purges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy.orm import Session

from serve.comparisons.erasure import erase_questions
from serve.conversations.erasure import (
    Erased,
    Trail,
    erase_conversation,
    erase_feedback,
    read_erasures,
    take_back,
)
from serve.conversations.keeping import Kept, agree
from serve.conversations.key import demand_key, name_key
from serve.conversations.retention import Proof, read_proofs
from serve.curation.erasure import erase_pairs
from serve.datasets.administration import finish_builds, make_datasets
from serve.datasets.erasure import find_versions
from serve.errors import Conflict, NotFound
from serve.instructions.erasure import erase_trials
from serve.people.access import check_owner, require
from serve.people.authority import Action, Actor
from serve.service import Service, ServiceDep
from serve.wire.conversations import (
    AgreementReply,
    AgreementRequest,
    EndReply,
    ErasureInfo,
    ErasureList,
    ErasureRequest,
    PurgeInfo,
    PurgeList,
)

router = APIRouter(prefix="/v1")


def _erase_asked(session: Session, questions: Sequence[str]) -> list[str]:
    """What staff asked in a patron's words: trials of instructions, and questions of comparisons."""
    return [*erase_trials(session, questions), *erase_questions(session, questions)]


_TRAIL = Trail(erase_pairs, find_versions, _erase_asked)

ConversationPath = Annotated[str, Path(max_length=200)]
KeeperDep = Annotated[Actor, Depends(require(Action.KEEP_CONVERSATION))]
EraserDep = Annotated[Actor, Depends(require(Action.ERASE))]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1)]


@router.post("/conversations/{conversation}/agreement")
def set_agreement(
    conversation: ConversationPath, body: AgreementRequest, service: ServiceDep, actor: KeeperDep
) -> AgreementReply:
    """Keep this conversation from its first answer on, as far as it is remembered; or no longer."""
    key = _own(actor, conversation)
    if not body.agreed:
        take_back(service.database, key, _TRAIL)
        return _describe_kept(Kept(agreed=False))
    if service.settings.shared_terminal:
        raise Conflict("This service stands on shared computers: conversations are not kept here.")
    answers = service.memory.recall_conversation(key)
    days = service.settings.conversation_days
    return _describe_kept(agree(service.database, key, body.consent, answers, days=days))


@router.post("/conversations/{conversation}/end")
def end_conversation(conversation: ConversationPath, service: ServiceDep, actor: KeeperDep) -> EndReply:
    """Forget a conversation's answers at once. What was agreed to, or sent as feedback, stays kept."""
    return EndReply(forgotten=service.memory.forget_conversation(_own(actor, conversation)))


@router.delete("/conversations/{conversation}")
def delete_conversation(conversation: ConversationPath, service: ServiceDep, actor: KeeperDep) -> ErasureInfo:
    """Remove all that is kept of a conversation, feedback too, and what was made of it."""
    key = _own(actor, conversation)
    service.memory.forget_conversation(key)
    _finish_builds(service)
    return _describe_erased(erase_conversation(service.database, actor, key, _TRAIL))


@router.post("/erasures")
def erase(body: ErasureRequest, service: ServiceDep, actor: EraserDep) -> ErasureInfo:
    """Remove all that is kept of a patron's conversation, as the patron asked of staff."""
    _finish_builds(service)
    if body.feedback is not None:
        return _describe_erased(erase_feedback(service.database, actor, body.feedback, _TRAIL))
    given = body.conversation or ""
    for key in filter(None, (name_key(given), given)):  # an id, or the key that stands in the inbox
        service.memory.forget_conversation(key)
        erased = erase_conversation(service.database, actor, key, _TRAIL)
        if erased.id:
            return _describe_erased(erased)
    raise NotFound(
        "Nothing is kept of that conversation. Compare its number; GET /v1/purges?removed= says whether its "
        "time was over.",
        param="conversation",
    )


@router.get("/erasures")
def list_erasures(
    service: ServiceDep, _actor: EraserDep, limit: Limit = 100, offset: Offset = 0
) -> ErasureList:
    """The records of earlier deletions, newest first."""
    total, found = read_erasures(service.database, limit=limit, offset=offset)
    return ErasureList(total=total, data=[_describe_erased(erased) for erased in found])


@router.get("/purges", dependencies=[Depends(require(Action.READ_AUDIT))])
def list_purges(
    service: ServiceDep,
    limit: Limit = 100,
    offset: Offset = 0,
    removed: Annotated[str, Query(max_length=300)] = "",
) -> PurgeList:
    """The proofs of purges, newest first."""
    total, proofs = read_proofs(service.database, limit=limit, offset=offset, removed=removed)
    return PurgeList(total=total, data=[_describe_proof(proof) for proof in proofs])


def _own(actor: Actor, conversation: str) -> str:
    """The key of the asker's own conversation. Raises NotFound for another's, BadRequest for a weak id."""
    check_owner(actor, Action.KEEP_CONVERSATION, conversation)
    return demand_key(conversation)


def _finish_builds(service: Service) -> None:
    """Enter dataset versions whose build was killed before its rows: an erasure must find these too."""
    finish_builds(make_datasets(service.settings, service.database))


def _describe_kept(kept: Kept) -> AgreementReply:
    return AgreementReply(agreed=kept.agreed, turns=kept.turns, kept_until=_iso(kept.until))


def _describe_erased(erased: Erased) -> ErasureInfo:
    return ErasureInfo(
        id=erased.id,
        at=_iso(erased.at),
        who=erased.who,
        feedback=list(erased.feedback),
        turns=list(erased.turns),
        pairs=list(erased.pairs),
        datasets=list(erased.datasets),
        adapters=list(erased.adapters),
    )


def _describe_proof(proof: Proof) -> PurgeInfo:
    return PurgeInfo(
        id=proof.id,
        at=_iso(proof.at),
        who=proof.who,
        removed=proof.removed,
        oldest=_iso(proof.oldest),
        newest=_iso(proof.newest),
        digest=proof.digest,
        remaining_expired=proof.remaining_expired,
    )


def _iso(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
