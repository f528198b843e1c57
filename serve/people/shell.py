"""Who gives commands on the server: whoever has a shell there, by their login name."""

from __future__ import annotations

import getpass
import os

from serve.people.authority import Actor, Role


def name_login() -> str:
    """The login name, or the number of a user without one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def find_shell_actor() -> Actor:
    """Who has a shell on the server may do everything: the database lies open to them."""
    return Actor(Role.ADMINISTRATOR, id="command", name=name_login())
