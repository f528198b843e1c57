"""The model card of an adapter version, for staff."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from serve.people.access import require
from serve.people.authority import Action, Actor
from serve.service import ServiceDep
from serve.training.administration import make_training
from serve.training.card import gather
from serve.training.judging import Judging
from serve.wire.cards import CardReply
from train.card.card import describe_card
from train.card.making import make_card
from train.card.markdown import render_card

router = APIRouter(prefix="/v1")


@router.get("/adapters/{name}/card")
def get_card(
    name: str, service: ServiceDep, _actor: Annotated[Actor, Depends(require(Action.READ_ADAPTERS))]
) -> CardReply:
    """All that is known of a version today."""
    training = make_training(service.settings, service.database)
    judging = Judging(training, service.administration, service.settings.adapter_rank)
    card = make_card(gather(judging, name, library=service.settings.library_name))
    return CardReply.model_validate(
        {"version": name, "markdown": render_card(card), **describe_card(card)}, extra="ignore"
    )
