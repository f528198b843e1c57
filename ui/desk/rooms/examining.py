"""What came of a run: its exam side by side, the decision on it, and the model card of a version."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from serve.wire.cards import CardReply
from serve.wire.exams import ExamReply, MeasureInfo
from serve.wire.training import DecisionInfo, DecisionRequest
from ui.client import GatewayError
from ui.desk.failures import check_form
from ui.desk.rooms.training import render_run
from ui.desk.visit import Door, Visit

_SAID = {"promote": "decided-promote", "keep": "decided-keep", "more data": "decided-more"}


async def show_exam(visit: Visit) -> Response:
    """Broken questions first, then what was fixed, then every figure."""
    run = visit.part("run")
    exam = await visit.gateway.get(f"/v1/runs/{quote(run, safe='')}/exam", ExamReply)
    readings = {measure.name: read_difference(measure) for measure in exam.measures}
    return visit.page("exam.html", exam=exam, readings=readings)


async def decide(visit: Visit) -> Response:
    """Promote, keep the old one, or ask for more data; a refused form comes back with all that was typed."""
    run = visit.part("run")
    alias, _, revision = visit.text("alias").partition(" ")
    decision = visit.text("decision")
    try:
        if decision not in _SAID:
            raise GatewayError("Choose what is to become of it.", status=400)
        promotes = decision == "promote"
        asked = check_form(
            DecisionRequest,
            decision=decision,
            why=visit.text("why"),
            override=visit.text("override") if promotes else "",
            alias=alias if promotes else "",
            share=visit.number("share", 5) if promotes else 5,
            automatic=promotes and bool(visit.text("automatic")),
            answers_needed=visit.number("answers_needed", 200),
            revision=int(revision) if promotes and revision.isdecimal() else None,
        )
        await visit.gateway.post(f"/v1/runs/{quote(run, safe='')}/decision", DecisionInfo, asked)
    except GatewayError as problem:
        if problem.status not in (400, 403, 404, 409):
            raise
        return await render_run(visit, problem=str(problem), status=problem.status)
    return visit.go(f"/training/{quote(run, safe='')}", _SAID[decision])


async def show_decided(visit: Visit) -> Response:
    """The run, for whoever comes to the address of its decision form."""
    return visit.go(f"/training/{quote(visit.part('run'), safe='')}")


async def show_card(visit: Visit) -> Response:
    """The model card of a version."""
    card = await visit.gateway.get(f"/v1/adapters/{quote(visit.part('name'), safe='')}/card", CardReply)
    return visit.page("card.html", card=card)


async def send_card(visit: Visit) -> Response:
    """The card as a file, for whoever gives the version away."""
    card = await visit.gateway.get(f"/v1/adapters/{quote(visit.part('name'), safe='')}/card", CardReply)
    return Response(
        card.markdown,
        media_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="README.md"'},
    )


def read_difference(measure: MeasureInfo) -> tuple[str, str]:
    """What a difference with its bounds says, as a light ("good", "stop", "") and in words."""
    found = measure.difference
    if found is None or found.low is None or found.high is None:
        return "", "not known"
    if found.low == found.high == 0:
        return "", "the same"
    if found.low <= 0 <= found.high:
        return "", "may be chance"
    up = found.low > 0
    if measure.better == "same":
        return "warn", "surely more" if up else "surely less"
    return ("good", "surely better") if up == (measure.better == "higher") else ("stop", "surely worse")


DOORS = (
    Door("/training/{run}/exam", show=show_exam),
    Door("/training/{run}/decision", show=show_decided, act=decide),
    Door("/adapters/{name}/card", show=show_card),
    Door("/adapters/{name}/card.md", show=send_card),
)
