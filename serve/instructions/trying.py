"""Asks a trial's questions on the way that patrons' questions go, and keeps each answer as it comes.

One search for both answers to a question, the same version of the model, and only the instructions differ.
Nothing of it is counted as a patron's question, remembered for feedback, or held for or against an adapter.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from retrieval.errors import RetrievalError
from serve.adapters.alias import DEFAULT
from serve.admission import Admission
from serve.answers import Answerer, choose_instructions, make_answer_id
from serve.errors import EngineError, ServeError, TooBusy
from serve.instructions.book import Book
from serve.instructions.follower import Follower
from serve.instructions.trial import Answer, Arm, Trial
from serve.instructions.trial_book import TrialBook
from serve.instructions.version import NONE, Standing
from serve.schemas import ChatMessage, ChatRequest, ReadingRoomOptions
from serve.turn import Finished, Turn

log = logging.getLogger(__name__)

MOST_AT_ONCE = 4
"""Trials that one gateway runs at the same time; each asks one question after the other."""


@dataclass(slots=True)
class InstructionDesk:
    """One gateway's part in the standing instructions: what is in force here, and the trials it runs."""

    book: Book
    trials: TrialBook
    answerer: Answerer
    admission: Admission
    follower: Follower
    seconds: float
    """The most that one answer may take."""
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def check_room(self) -> None:
        """Raises TooBusy where as many trials are under way as may be."""
        if len(self._running) >= MOST_AT_ONCE:
            raise TooBusy(f"{MOST_AT_ONCE} trials are under way. Wait until one has ended.")

    def start(self, trial: Trial, base_url: str) -> None:
        """Run a trial in the background."""
        task = asyncio.create_task(self._run(trial, base_url))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Give up the trials under way; what was answered is kept."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, trial: Trial, base_url: str) -> None:
        try:
            await self.follower.refresh()
            proposed = await asyncio.to_thread(self._read_standing, trial)
            for position in range(len(trial.questions)):
                for answer in await self._ask_both(trial, position, proposed, base_url):
                    if not await asyncio.to_thread(self.trials.keep, trial.id, answer):
                        return  # it was taken away
        except (SQLAlchemyError, ServeError) as error:
            log.warning("%s was not carried on with: %s", trial.id, error)

    def _read_standing(self, trial: Trial) -> Standing:
        if trial.number == NONE:
            return Standing()
        version = self.book.find(trial.scope, trial.number)
        return Standing(version.id, version.text)

    async def _ask_both(
        self, trial: Trial, position: int, proposed: Standing, base_url: str
    ) -> tuple[Answer, Answer]:
        request = _make_request(trial, position)
        try:
            turn = await self.answerer.begin(request, base_url)
        except (ServeError, RetrievalError) as error:
            failed = _describe_failure(position, "active", False, str(error))
            return failed, replace(failed, arm="proposed")
        would_be = self.follower.now.put(trial.scope, proposed)
        instead = choose_instructions(would_be, request, turn.route, turn.result)
        reached = instead != turn.standing
        return (
            await self._ask(turn, request, position, "active", reached),
            await self._ask(replace(turn, standing=instead), request, position, "proposed", reached),
        )

    async def _ask(self, turn: Turn, request: ChatRequest, position: int, arm: Arm, reached: bool) -> Answer:
        turn = replace(turn, answer_id=make_answer_id())
        try:
            async with asyncio.timeout(self.seconds), self.admission.enter():
                finished = await self._write(turn, request)
        except TimeoutError:
            problem = f"The answer took longer than {self.seconds:.0f} seconds."
            return _describe_failure(position, arm, reached, problem)
        except ServeError as error:
            return _describe_failure(position, arm, reached, str(error))
        return Answer(
            position=position,
            arm=arm,
            at=datetime.now(UTC),
            reached=reached,
            written=bool(finished.usage.get("completion_tokens")),
            problem="",
            text=finished.text,
            details=finished.details.model_dump(mode="json"),
        )

    async def _write(self, turn: Turn, request: ChatRequest) -> Finished:
        async with aclosing(self.answerer.write(turn, request)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event
        raise EngineError("The model wrote nothing.")


def _make_request(trial: Trial, position: int) -> ChatRequest:
    """A question as a patron asks it of the collection, or by the alias."""
    of_alias = trial.scope.kind == "alias"
    return ChatRequest(
        model=trial.scope.name if of_alias else DEFAULT,
        messages=[ChatMessage(role="user", content=trial.questions[position])],
        reading_room=ReadingRoomOptions(
            collections=[] if of_alias else [trial.scope.name], conversation=f"{trial.id}/{position}"
        ),
    )


def _describe_failure(position: int, arm: Arm, reached: bool, problem: str) -> Answer:
    return Answer(
        position=position,
        arm=arm,
        at=datetime.now(UTC),
        reached=reached,
        written=False,
        problem=problem,
        text="",
        details=None,
    )
