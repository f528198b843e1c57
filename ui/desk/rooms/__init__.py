"""The desk's rooms, each with its pages and what can be done on them."""

from __future__ import annotations

from ui.desk.rooms import account, inbox, pairs

DOORS = (*account.DOORS, *inbox.DOORS, *pairs.DOORS)
"""Every door of every room."""
