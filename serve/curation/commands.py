"""`reading-room pairs ...`: pairs out of files and into them beside a running gateway or without one, and
drafts by the model of a running one."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serve.errors import BadRequest, NotReady
from serve.people.shell import find_shell_actor

if TYPE_CHECKING:
    from retrieval.index import Index
    from serve.settings import Settings

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

Handler = Callable[["Settings", argparse.Namespace], int]

_STATES = ("draft", "submitted", "approved", "withdrawn")
_DRAFT_SECONDS = 1_800.0


def add_commands(subparsers: Subparsers, settings: Settings) -> None:
    """Add `pairs` and its commands."""
    group = subparsers.add_parser("pairs", help="bring pairs in from files, write them out, draft new ones")
    commands = group.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, handler: Handler, said: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(name, help=said, description=said)
        parser.set_defaults(run=partial(handler, settings))
        return parser

    forms = "csv, xlsx, json, jsonl, alpaca, sharegpt, openai or faq"
    parser = add(
        "import", run_import, "take the pairs of a file in as drafts; the same file twice adds nothing"
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--form", default="", metavar="FORM", help=f"{forms} (default: what it looks like)")
    parser.add_argument("--licence", default="", metavar="TEXT", help="terms of all pairs of the file")
    parser.add_argument(
        "--consent", action="store_true", help="state that its makers agreed to training on it"
    )
    parser.add_argument("--try", action="store_true", dest="tried", help="only say what would come of it")
    parser = add("export", run_export, "write pairs into a file")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--form", default="", metavar="FORM", help=f"{forms} (default: by the file's name)")
    parser.add_argument(
        "--state", action="append", choices=_STATES, default=[], help="default: all but withdrawn ones"
    )
    parser = add("draft", run_draft, "have the model of the running service draft pairs from a collection")
    parser.add_argument("collection", metavar="COLLECTION", help="its id: GET /v1/collections lists them")
    parser.add_argument("--count", type=int, default=10, metavar="N", help="default: %(default)s")


def run_import(settings: Settings, args: argparse.Namespace) -> int:
    """0 where every row came in, 2 where some were refused."""
    from serve.curation.importing import Rights, import_pairs
    from serve.database import open_database
    from train.pairs.exchange.reading import MOST_BYTES

    try:
        with args.file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadRequest(f"{args.file} cannot be read: {error.strerror}. Name another file.") from None
    with open_database(settings.database) as database:
        imported = import_pairs(
            database, find_shell_actor(), raw, Rights(args.licence, args.consent), _open_index(settings),
            name=args.file.name, form=args.form, tried=args.tried,
        )  # fmt: skip
    reading = imported.reading
    for problem in reading.problems:
        _say(str(problem))
    if reading.more:
        _say(f"And {reading.more:,} more.")
    would = "would be " if imported.tried else ""
    _say(
        f"{imported.form.title}: {len(imported.new):,} {would}brought in as drafts, {imported.known:,} here "
        f"already, {reading.refused:,} {would}refused."
    )
    return 2 if reading.refused else 0


def run_export(settings: Settings, args: argparse.Namespace) -> int:
    """Write the file; says what its form could not carry."""
    from serve.curation.importing import export_pairs
    from serve.database import open_database
    from train.pairs.exchange.forms import FORMS

    form = args.form or next(
        (form.name for form in FORMS.values() if form.suffix == args.file.suffix.lower()), ""
    )
    if not form:
        raise BadRequest(f"{args.file.name} does not say its form. Name it: --form csv, xlsx, json, ...")
    with open_database(settings.database) as database:
        _, export, count = export_pairs(database, find_shell_actor(), form, states=args.state)
    try:
        with args.file.open("xb") as stream:
            os.fchmod(stream.fileno(), 0o600)  # what patrons asked is for no other account of the machine
            stream.write(export.data)
    except FileExistsError:
        raise BadRequest(f"{args.file} is there already. Name another file, or take it away.") from None
    except OSError as error:
        raise BadRequest(f"{args.file} cannot be written: {error.strerror}. Name another file.") from None
    for note in export.notes:
        _say(note)
    _say(f"{count:,} {'pair' if count == 1 else 'pairs'} written to {args.file}.")
    return 0


def run_draft(settings: Settings, args: argparse.Namespace) -> int:
    """Ask the running service; it takes some seconds for each pair, and minutes on a CPU."""
    reply = _post(settings, "/v1/pairs/drafts", {"collection": args.collection, "count": args.count})
    for note in reply["notes"]:
        _say(note)
    _say(f"{len(reply['pair_ids'])} pairs drafted by {reply['model']}. Look at each of them at the desk.")
    return 0


def _post(settings: Settings, path: str, body: dict[str, object]) -> dict[str, Any]:
    import httpx

    key = settings.staff_key.get_secret_value()
    if not key:
        raise BadRequest("Drafts are made by the running service. Set READING_ROOM_STAFF_KEY, for it too.")
    here = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    headers = {"Authorization": f"Bearer {key}", "X-Reading-Room-Staff": find_shell_actor().name}
    try:
        reply = httpx.post(
            f"http://{here}:{settings.port}{path}", json=body, headers=headers, timeout=_DRAFT_SECONDS
        )
        told = reply.json()
    except (httpx.HTTPError, ValueError) as error:
        raise NotReady(
            f"The service does not answer on {here}:{settings.port} ({type(error).__name__}). Start it: "
            "reading-room serve"
        ) from None
    if reply.is_error:
        raise BadRequest(str(told["error"]["message"]))
    answered: dict[str, Any] = told
    return answered


def _open_index(settings: Settings) -> Index | None:
    """The index in use, to look records up in; None where there is none."""
    from retrieval.errors import RetrievalError
    from retrieval.library import Library
    from retrieval.store.index_embedder import load_index_embedder

    if not (settings.index_root / "CURRENT").exists():
        return None
    try:
        embedder = load_index_embedder(settings.index_root, settings.embedder)
        return Library(settings.index_root, embedder).current()
    except RetrievalError as error:
        _say(f"Records cannot be looked up: {error}")
        return None


def _say(line: str) -> None:
    """Print a line, without what would steer a terminal: a file may hold anything."""
    shown = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in line)
    print(shown, flush=True)
