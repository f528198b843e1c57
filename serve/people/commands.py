"""`reading-room staff ...`: who of the staff may sign in, for who has an account on the server.

A password is asked for, or read from the standard input where nobody sits at a terminal: never from the
command line, where every account of the machine could read it.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from serve.errors import BadRequest
from serve.people.shell import find_shell_actor

if TYPE_CHECKING:
    from serve.database import Database
    from serve.people.accounts import Person
    from serve.settings import Settings

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

Handler = Callable[["Database", argparse.Namespace], int]

_ROLES = ("curator", "approver", "administrator")


def add_commands(subparsers: Subparsers, settings: Settings) -> None:
    """Add `staff` and its commands."""
    group = subparsers.add_parser("staff", help="who of the staff may sign in at the desk")
    commands = group.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, handler: Handler, said: str, *, who: bool = True) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(name, help=said, description=said)
        parser.set_defaults(run=partial(_run, settings, handler))
        if who:
            parser.add_argument("name", metavar="NAME")
        return parser

    parser = add("add", run_add, "make an account; the password is asked for, or read from standard input")
    parser.add_argument("--role", choices=_ROLES, help="default: administrator for the first, then curator")
    add("list", run_list, "who there is, and in which role", who=False)
    parser = add("role", run_role, "give somebody another role; their sign-ins end")
    parser.add_argument("role", choices=_ROLES)
    _add_why(parser)
    _add_why(add("disable", run_disable, "end somebody's sign-ins and let them sign in no more"))
    _add_why(add("enable", run_enable, "let somebody sign in again"))
    _add_why(add("password", run_password, "give somebody a new password; their sign-ins end"))


def run_add(database: Database, args: argparse.Namespace) -> int:
    """Make an account."""
    from serve.people.accounts import add_person, list_people
    from serve.people.authority import Role

    role = args.role or ("curator" if list_people(database) else "administrator")
    person = add_person(database, find_shell_actor(), args.name, Role(role), _ask_password())
    _say(f"{person.name} can sign in as {person.role}.")
    return 0


def run_list(database: Database, _args: argparse.Namespace) -> int:
    """Print everybody."""
    from serve.people.accounts import list_people

    people = list_people(database)
    if not people:
        _say("There is nobody yet. Make the first administrator: reading-room staff add NAME")
        return 0
    width = max(len(person.name) for person in people)
    for person in people:
        _say(f"{person.name:<{width}}  {_describe(person)}")
    return 0


def run_role(database: Database, args: argparse.Namespace) -> int:
    """Change a role."""
    from serve.people.accounts import change_role
    from serve.people.authority import Role

    person = change_role(database, find_shell_actor(), args.name, Role(args.role), args.why)
    _say(f"{person.name}: {_describe(person)}.")
    return 0


def run_disable(database: Database, args: argparse.Namespace) -> int:
    """Disable an account."""
    from serve.people.accounts import set_active

    person = set_active(database, find_shell_actor(), args.name, False, args.why)
    _say(f"{person.name}: {_describe(person)}.")
    return 0


def run_enable(database: Database, args: argparse.Namespace) -> int:
    """Enable an account."""
    from serve.people.accounts import set_active

    person = set_active(database, find_shell_actor(), args.name, True, args.why)
    _say(f"{person.name}: {_describe(person)}.")
    return 0


def run_password(database: Database, args: argparse.Namespace) -> int:
    """Set a password."""
    from serve.people.accounts import set_password

    person = set_password(database, find_shell_actor(), args.name, _ask_password(), args.why)
    _say(f"{person.name} can sign in with the new password; earlier sign-ins have ended.")
    return 0


def _add_why(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--why", default="", metavar="TEXT", help="kept in the audit log")


def _ask_password() -> str:
    """Twice at a terminal; else the first line of the standard input. Raises BadRequest."""
    if not sys.stdin.isatty():
        try:
            return sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise BadRequest("The password on the standard input is not UTF-8 text.") from error
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise BadRequest("The two passwords are not the same. Nothing was changed.")
    return password


def _describe(person: Person) -> str:
    elsewhere = ", signs in at the OpenID provider" if person.elsewhere else ""
    return f"{person.role}{elsewhere}" + ("" if person.active else ", disabled")


def _run(settings: Settings, handler: Handler, args: argparse.Namespace) -> int:
    from serve.database import open_database

    for name, given in vars(args).items():  # a byte that is no UTF-8 comes in as half a character
        if isinstance(given, str) and any("\ud800" <= letter <= "\udfff" for letter in given):
            raise BadRequest(f"{name}: expected UTF-8 text, found {ascii(given)[:80]}.")
    with open_database(settings.database) as database:
        return handler(database, args)


def _say(line: str) -> None:
    print(line, flush=True)
