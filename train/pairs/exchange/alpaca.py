"""Alpaca: instruction, input and output, in a JSON array; also with system and history, as trainers have it.

The instruction is the question (with evidence the product's own prompt), the output its answer. An input that
is not empty goes behind the question. Carries all of a pair in one more key (`own.KEY`); earlier turns stand
in `history` too, as far as they are questions each with its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retrieval.prompt import SYSTEM
from train.pairs.exchange.assembly import assemble, read_text
from train.pairs.exchange.export import Export
from train.pairs.exchange.headers import Field, list_names
from train.pairs.exchange.objects import dump_array, read_objects
from train.pairs.exchange.own import KEY, change, dump_pair, load_pair
from train.pairs.exchange.prompt_form import read_prompt, render_messages
from train.pairs.exchange.reading import LEFT_OUT, Misfit, Reading
from train.pairs.pair import Earlier, Pair


def read_alpaca(raw: bytes) -> Reading:
    """The pairs of an array, or of one object a line. Raises Unreadable."""
    return read_objects(raw, _read)


def write_alpaca(pairs: Sequence[Pair]) -> Export:
    """An array of instructions with their outputs."""
    return Export(dump_array([_write(pair) for pair in pairs]))


def _write(pair: Pair) -> dict[str, Any]:
    messages = render_messages(pair)
    system = messages[0]["content"] if messages[0]["role"] == "system" else ""
    return {
        "instruction": messages[-1]["content"],
        "input": "",
        "output": pair.answer,
        "system": system,
        "history": _write_history(pair.history),
        KEY: dump_pair(pair),
    }


def _write_history(history: Sequence[Earlier]) -> list[list[str]]:
    """Questions with their answers; a turn that has no counterpart beside it is left out."""
    return [
        [asked.content, answered.content]
        for asked, answered in zip(history, history[1:], strict=False)
        if (asked.role, answered.role) == ("user", "assistant")
    ]


def _read(value: dict[str, Any], reading: Reading) -> Pair:
    for key in ("instruction", "output"):
        if key not in value:
            names = list_names(list(value), most=8) or "nothing"
            raise Misfit(key, f"there is no key “{key}”; found {names}", "Choose the form that the file has")
    found = _take_apart(value)
    own = load_pair(value.get(KEY))
    if own is None:
        if value.get("system") not in (None, "", SYSTEM):
            reading.remark_once(LEFT_OUT)
        return assemble(found)
    return change(own, found, _take_apart(_write(own)))


def _take_apart(value: dict[str, Any]) -> dict[Field, Any]:
    question, evidence = read_prompt(read_text("passages", value["instruction"]))
    parts: dict[Field, Any] = {
        "question": question,
        "answer": read_text("answer", value["output"]),
        "history": value.get("history") or [],
        "evidence": evidence,
    }
    if given := value.get("input"):
        parts["question"] = f"{question}\n\n{read_text('input', given)}" if question else given
    return parts
