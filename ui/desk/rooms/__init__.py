"""The desk's rooms, each with its pages and what can be done on them."""

from __future__ import annotations

from ui.desk.rooms import (
    account,
    adapters,
    comparisons,
    datasets,
    exchange,
    house,
    inbox,
    instructions,
    pairs,
    people,
)

ROOMS = (account, inbox, pairs, exchange, datasets, house, people, adapters, comparisons, instructions)
DOORS = tuple(door for room in ROOMS for door in room.DOORS)
"""Every door of every room."""
