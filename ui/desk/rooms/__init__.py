"""The desk's rooms, each with its pages and what can be done on them."""

from __future__ import annotations

from ui.desk.rooms import (
    account,
    adapters,
    comparisons,
    datasets,
    examining,
    exchange,
    house,
    inbox,
    instructions,
    pairs,
    people,
    training,
)

ROOMS = (
    account, inbox, pairs, exchange, datasets, house, people, adapters, comparisons, instructions, training,
    examining,
)  # fmt: skip
DOORS = tuple(door for room in ROOMS for door in room.DOORS)
"""Every door of every room."""
