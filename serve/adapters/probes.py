"""Validation by effect: a version is offered only after an engine has answered a few probes with it.

The version's log-probabilities must differ from the base's, or it does nothing (wrong module names are
ignored by vLLM without a word), and must agree with peft's own forward pass, or it is not the adapter
that was trained. One next token per probe is enough for both, and costs one short prefill each.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serve.engine.client import EngineClient
from serve.errors import EngineError, EngineRefused, VersionAbsent
from serve.schemas import JsonObject
from train.reference import FORMAT, PROMPTS, TOP

LEAST_EFFECT = 0.5
"""Natural log-probability by which a version must differ from the base on some probe.

More than rounding explains. On the first bundled reader (6.7 M) in bfloat16 an adapter without meaning
(B scaled by 1e-2 to 1e-8) differed by up to 0.19 on these probes and up to 0.38 on 35 other prompts; two
kernels of the same arithmetic differ by 0.19, two runs of one engine by 0.00. Its adapters differed by 5.1
and 11.5.
"""

MOST_DISAGREEMENT = 1.0
"""Natural log-probability by which the engine may differ from peft's forward pass on any probe.

The engine in bfloat16 against peft in float32: up to 0.15 on the adapters of the first bundled reader, and
by the above up to 0.38 on others. Held against the other one's reference they differ by 8.2 and 12.2.
"""

_ASKED = 20
"""Next tokens asked for: the most that vLLM gives by default, so that the reference's are among them."""

_NO_NUMBER = "Out of range float"
"""What vLLM says where a log-probability came out as NaN."""

Scores = list[dict[int, float]]
"""For each probe, token ids with their log-probabilities."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one engine's answers say about a version.

    `seconds` is how long it took, loading included; `effect` the largest difference from the base and
    `disagreement` from the reference (natural log-probability). Without a reference it is None: then
    `ok` says only that the version does something.
    """

    ok: bool
    problem: str
    seconds: float
    effect: float
    disagreement: float | None


async def probe(
    client: EngineClient, base_name: str, version: str, reference: Mapping[str, Any] | None
) -> ProbeResult:
    """Ask base and version the same at the same time, and judge; the engine loads the version for it.

    Raises VersionAbsent where this engine does not have the version, EngineError where it fails.
    """
    started = time.monotonic()
    try:
        expected = _read_reference(reference) if reference is not None else None
        prompts: Sequence[str | list[int]] = expected.tokens if expected else PROMPTS
        base, tuned = await asyncio.gather(
            _score_base(client, base_name, prompts), _score(client, version, prompts)
        )
        problem, effect, disagreement = _judge(base, tuned, expected)
    except VersionAbsent:
        raise
    except EngineRefused as refusal:
        problem, effect, disagreement = f"The probes were not taken: {refusal}", 0.0, None
    except _Unreadable as error:
        problem, effect, disagreement = str(error), 0.0, None
    return ProbeResult(not problem, problem, time.monotonic() - started, effect, disagreement)


@dataclass(frozen=True, slots=True)
class _Expected:
    """A reference, read."""

    tokens: list[list[int]]
    base: Scores
    adapter: Scores


def _judge(base: Scores, tuned: Scores, expected: _Expected | None) -> tuple[str, float, float | None]:
    """What is wrong ("" if nothing), the effect and the disagreement."""
    effect = max(_distance(_keep_likeliest(one), other) for one, other in zip(tuned, base, strict=True))
    without = "" if effect >= LEAST_EFFECT else _say_without_effect(effect)
    if expected is None:
        return without, effect, None
    disagreement = max(map(_distance, expected.adapter, tuned))
    astray = max(map(_distance, expected.base, base))
    if astray > MOST_DISAGREEMENT:
        problem = (
            "The engine's base model is not the one that the reference was computed with: expected its "
            f"log-probabilities within {MOST_DISAGREEMENT}, found {astray:.2f}. Start the engine with the "
            "base that the adapter was trained on."
        )
    elif disagreement > MOST_DISAGREEMENT:
        problem = without or (
            "The engine does not answer as the adapter does in peft: expected log-probabilities within "
            f"{MOST_DISAGREEMENT}, found {disagreement:.2f}. Train the adapter again."
        )
    else:
        problem = without
    return problem, effect, disagreement


def _say_without_effect(effect: float) -> str:
    return (
        f"The version answers as the base does: expected log-probabilities to differ by {LEAST_EFFECT} or "
        f"more, found {effect:.2f}. Check that the adapter names the base's modules and was trained."
    )


def _keep_likeliest(scores: Mapping[int, float]) -> dict[int, float]:
    """As many as a reference has: further down rounding alone makes great differences."""
    return dict(sorted(scores.items(), key=lambda pair: -pair[1])[:TOP])


def _distance(expected: Mapping[int, float], found: Mapping[int, float]) -> float:
    """The largest difference over the tokens of `expected`.

    A token that is not among the found ones is less likely than the least likely of them.
    """
    floor = min(found.values())
    return max(
        abs(value - found[token]) if token in found else max(0.0, value - floor)
        for token, value in expected.items()
    )


async def _score_base(client: EngineClient, base: str, prompts: Sequence[str | list[int]]) -> Scores:
    """As `_score`. What goes wrong here is the engine's fault, and no verdict on any version."""
    try:
        return await _score(client, base, prompts)
    except (EngineRefused, _Unreadable) as error:
        if isinstance(error, EngineRefused) and _NO_NUMBER not in str(error):
            raise  # the prompts themselves are not for this base
        raise EngineError(f"The engine does not answer the probes with its base model: {error}") from error


async def _score(client: EngineClient, model: str, prompts: Sequence[str | list[int]]) -> Scores:
    """The likeliest next tokens of each prompt, computed anew: the salt keeps it off any cached prefix."""
    answer = await client.complete_text(
        {
            "model": model,
            "prompt": list(prompts),
            "max_tokens": 1,
            "temperature": 0,
            "logprobs": _ASKED,
            "return_tokens_as_token_ids": True,
            "cache_salt": secrets.token_hex(8),
        }
    )
    return _read_answer(answer, len(prompts))


class _Unreadable(Exception):
    """A reference, or an engine's answer, that is not as it should be."""


def _read_answer(answer: JsonObject, count: int) -> Scores:
    try:
        choices = sorted(answer["choices"], key=lambda choice: int(choice["index"]))
        scores = [
            _read_ranked(
                (name.removeprefix("token_id:"), value)
                for name, value in choice["logprobs"]["top_logprobs"][0].items()
            )
            for choice in choices
        ]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise _Unreadable(f"The engine's answer to the probes has no log-probabilities: {error!r}") from error
    if len(scores) != count:
        raise _Unreadable(f"Expected the engine's answers to {count} probes, found {len(scores)}.")
    return scores


def _read_reference(reference: Mapping[str, Any]) -> _Expected:
    if reference.get("format") != FORMAT:
        found = reference.get("format")
        raise _Unreadable(f"Expected a reference of format {FORMAT}, found {found!r}. Add the adapter again.")
    try:
        probes = reference["probes"]
        tokens = [[int(token) for token in one["tokens"]] for one in probes]
        base, adapter = ([_read_ranked(one[of]) for one in probes] for of in ("base", "adapter"))
    except (KeyError, TypeError, ValueError) as error:
        told = "The adapter's reference cannot be read"
        raise _Unreadable(f"{told}: {error!r}. Add the adapter again.") from error
    if not tokens or not all(tokens):
        raise _Unreadable("The adapter's reference has no probes. Add the adapter again.")
    return _Expected(tokens, base, adapter)


def _read_ranked(pairs: Iterable[tuple[Any, Any]]) -> dict[int, float]:
    """Token ids with log-probabilities. Raises ValueError where there are none, or one is no number."""
    ranked = {int(token): float(value) for token, value in pairs}
    if not ranked or not all(map(math.isfinite, ranked.values())):
        raise ValueError("not all are finite numbers")
    return ranked
