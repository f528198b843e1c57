"""Lives of people that never were, told in sentences as notes in finding aids tell them.

What each sentence states is kept beside it, so that questions about it can be answered by rule.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random

from demo.training.word_lists import MONTHS

_SAID = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

Stated = list[tuple[str, str]]
"""Kinds of fact ("born", as phrasings.toml has them) with their values."""


def tell_life(
    rng: Random, person: str, other: str, place: str, born: int, *, alone: bool
) -> Iterator[tuple[str, Stated]]:
    """Sentences on one person, each with what it states.

    `other` may be married, `place` is that of birth; `alone` says that nobody else's life is told beside it,
    so that later sentences may say "she".
    """
    values = {
        "born": str(born),
        "birthplace": place + rng.choice(("", "", f", {rng.choice(_SAID['states'])}")),
        "work": rng.choice(_SAID["jobs"]),
        "spouse": other,
        "died": str(born + rng.randint(30, 88)),
        "studied": rng.choice(_SAID["schools"]).format(l=place.split(" ")[0]),
        "served": rng.choice(_SAID["units"]).format(
            n=rng.randint(2, 29), c=rng.choice("ABCDEFGHIK"), s=rng.choice(_SAID["states"])
        ),
    }
    slots = {
        **values,
        "m": rng.choice(MONTHS),
        "d": rng.randint(1, 28),
        "y": born + rng.randint(18, 40),
        "o": rng.randint(3, 9),
    }
    pronoun = rng.choice(("He", "She"))
    begun = False
    for part in _SAID["life"]:
        if rng.random() < part["share"]:
            subject = pronoun if begun and alone and rng.random() < 0.5 else person
            sentence = rng.choice(part["says"]).format(p=subject, **slots)
            yield sentence, [(kind, values[kind]) for kind in part["states"]]
            begun = True
