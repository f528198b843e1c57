"""Conversations in JSON: OpenAI's messages (role, content) and ShareGPT's (from, value), one form each.

The last answer with the question before it is the pair, the turns before these its history. A user's message
that is the product's own prompt is taken apart into question and passages; a pair with evidence is written
as that prompt, so that whoever trains on the file trains on what is served.

Both carry all of a pair in one more key (`own.KEY`), which trainers leave alone; OpenAI's own upload wants
such keys taken out. System messages are not kept: the service has instructions of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from retrieval.prompt import SYSTEM, Message
from train.pairs.exchange.assembly import assemble, describe, read_text
from train.pairs.exchange.export import Export
from train.pairs.exchange.headers import Field, list_names
from train.pairs.exchange.objects import dump_array, dump_lines, read_objects
from train.pairs.exchange.own import KEY, change, dump_pair, load_pair
from train.pairs.exchange.prompt_form import read_prompt, render_messages
from train.pairs.exchange.reading import LEFT_OUT, Misfit, Reading
from train.pairs.pair import Earlier, Pair

_ROLES: Mapping[str, Literal["system", "user", "assistant"]] = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant",
    "model": "assistant", "bing": "assistant", "bard": "assistant",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a form spells a conversation: under which key, and in a turn who says what."""

    key: str
    role: str
    content: str
    user: str
    assistant: str


OPENAI = Dialect("messages", "role", "content", "user", "assistant")
SHAREGPT = Dialect("conversations", "from", "value", "human", "gpt")


def read_openai(raw: bytes) -> Reading:
    """Pairs of OpenAI's messages, one object a line or in an array. Raises Unreadable."""
    return read_objects(raw, lambda value, reading: _read(value, OPENAI, reading))


def write_openai(pairs: Sequence[Pair]) -> Export:
    """One conversation a line."""
    return Export(dump_lines([_write(pair, OPENAI) for pair in pairs]))


def read_sharegpt(raw: bytes) -> Reading:
    """Pairs of ShareGPT's conversations. Raises Unreadable."""
    return read_objects(raw, lambda value, reading: _read(value, SHAREGPT, reading))


def write_sharegpt(pairs: Sequence[Pair]) -> Export:
    """An array of conversations."""
    return Export(dump_array([_write(pair, SHAREGPT) for pair in pairs]))


def _write(pair: Pair, dialect: Dialect) -> dict[str, Any]:
    names = {"user": dialect.user, "assistant": dialect.assistant, "system": "system"}
    said: list[Message] = [*render_messages(pair), {"role": "assistant", "content": pair.answer}]
    turns = [{dialect.role: names[turn["role"]], dialect.content: turn["content"]} for turn in said]
    return {dialect.key: turns, KEY: dump_pair(pair)}


def _read(value: dict[str, Any], dialect: Dialect, reading: Reading) -> Pair:
    found = _take_apart(_find_turns(value, dialect), dialect, reading)
    own = load_pair(value.get(KEY))
    if own is None:
        return assemble(found)
    return change(own, found, _take_apart(_write(own, dialect)[dialect.key], dialect, Reading()))


def _find_turns(value: dict[str, Any], dialect: Dialect) -> list[Any]:
    """The turns; also as a prompt and its completion, both lists of turns. Raises Misfit."""
    turns = value.get(dialect.key)
    if turns is None and all(isinstance(value.get(key), list) for key in ("prompt", "completion")):
        turns = [*value["prompt"], *value["completion"]]
    if not isinstance(turns, list):
        found = list_names(list(value), most=8) or "nothing"
        raise Misfit(
            dialect.key,
            f"expected a list of turns under “{dialect.key}”, found {found}",
            "Choose the form that the file has",
        )
    return turns


def _take_apart(turns: Sequence[Any], dialect: Dialect, reading: Reading) -> dict[Field, Any]:
    """Question, answer, history and evidence of a conversation. Raises Misfit."""
    said = [turn for turn in (_read_turn(turn, dialect, reading) for turn in turns) if turn]
    if len(said) < 2 or said[-1].role != "assistant" or said[-2].role != "user":
        raise Misfit(dialect.key, "expected a question and its answer as the last two turns", "Correct it")
    question, evidence = read_prompt(said[-2].content)
    asked = [read_prompt(turn.content)[0] if turn.role == "user" else turn.content for turn in said[:-2]]
    history = [Earlier(role=turn.role, content=text) for turn, text in zip(said, asked, strict=False)]
    return {"question": question, "answer": said[-1].content, "history": history, "evidence": evidence}


def _read_turn(turn: object, dialect: Dialect, reading: Reading) -> Earlier | None:
    """One turn; None for the system's. Raises Misfit."""
    if not isinstance(turn, dict):
        raise Misfit(dialect.key, f"expected a turn, found {describe(turn)}", "Correct it")
    named = turn.get(dialect.role)
    role = _ROLES.get(named.lower()) if isinstance(named, str) else None
    if role is None:
        told = f"“{named[:40]}”" if isinstance(named, str) else describe(named)
        expected = f"expected {dialect.user} or {dialect.assistant} as {dialect.role}"
        raise Misfit(dialect.key, f"{expected}, found {told}", "Leave out turns of tools")
    if role == "system":
        if turn.get(dialect.content) != SYSTEM:
            reading.remark_once(LEFT_OUT)
        return None
    return Earlier(role=role, content=_read_content(turn.get(dialect.content), dialect))


def _read_content(content: object, dialect: Dialect) -> str:
    """Text, or the text of a list of parts. Raises Misfit for images, sound and calls of tools."""
    if isinstance(content, list):
        if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in content):
            raise Misfit(dialect.key, "holds an image, sound or file, of which no pair can be made")
        content = "\n".join(part["text"] for part in content)
    if not isinstance(content, str):
        problem = f"expected text as {dialect.content}, found {describe(content)}"
        raise Misfit(dialect.key, problem, "Leave out turns that call tools")
    return read_text("passages", content)
