"""`reading-room purge`: remove now what has had its time, and show the proofs of earlier removals."""

from __future__ import annotations

import argparse

from serve.conversations.retention import Proof, check_proof, purge, read_proofs
from serve.curation.erasure import erase_expired
from serve.database import open_database
from serve.errors import NotFound
from serve.settings import Settings

_BY = "command"


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], settings: Settings) -> None:
    """Add this package's command."""
    command = subparsers.add_parser("purge", help="remove what has had its time; show earlier removals")
    what = command.add_mutually_exclusive_group()
    what.add_argument("--list", type=int, metavar="N", nargs="?", const=20, help="show the newest N proofs")
    what.add_argument("--removed", metavar="ID", help="show which purge removed this id")
    command.set_defaults(run=lambda arguments: _run(arguments, settings))


def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    with open_database(settings.database) as database:
        if arguments.list is not None:
            _, proofs = read_proofs(database, limit=max(1, arguments.list))
        elif arguments.removed:
            _, proofs = read_proofs(database, removed=arguments.removed)
            if not proofs:
                raise NotFound("No purge removed that id: it was never kept, is kept still, or was erased.")
        else:
            proof = purge(database, _BY, erase_expired)
            proofs = (proof,) if proof else ()
        for proof in proofs:
            print(_describe(proof, whole=check_proof(database, proof.id)))
        return 0


def _describe(proof: Proof, *, whole: bool) -> str:
    removed = ", ".join(f"{count} {name}" for name, count in proof.removed.items())
    lines = [f"Purge {proof.id}, {proof.at:%Y-%m-%d %H:%M} UTC, by {proof.who}: {removed} removed"]
    if proof.oldest and proof.newest:
        lines.append(f"  their time was over between {proof.oldest:%Y-%m-%d} and {proof.newest:%Y-%m-%d}")
    lines.append(f"  over and still there: {proof.remaining_expired}")
    lines.append(f"  digest {proof.digest} {'agrees' if whole else 'DOES NOT AGREE'} with the hashes kept")
    return "\n".join(lines)
