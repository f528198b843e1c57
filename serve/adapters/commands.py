"""`reading-room adapters ...`: thin handlers over `serve.adapters.administration`, for who does not code.

They work beside a running gateway, which follows within a second, and without one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from serve.errors import BadRequest, NotFound
from serve.people.shell import name_login

if TYPE_CHECKING:
    from serve.adapters.administration import Administration
    from serve.adapters.registry import Alias, Event, Snapshot, State, Version
    from serve.settings import Settings

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

Handler = Callable[["Administration", argparse.Namespace], int]

_MEANING: dict[State, str] = {
    "staged": "added half-way; add it again to finish",
    "validated": "its files are good; no engine has it yet",
    "loaded": "ready, not in use",
    "canary": "being tried",
    "stable": "in use",
    "retired": "out of use, files kept",
    "purged": "files deleted",
    "failed": "refused",
}
_WIDE = 220
"""Columns where nobody looks: a table in a file or a pipe is not to be folded."""
_PAGE = 1000


def add_commands(subparsers: Subparsers, settings: Settings) -> None:
    """Add `adapters` and its commands."""
    group = subparsers.add_parser("adapters", help="add, try out, promote and roll back adapters")
    commands = group.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, handler: Handler, said: str, *, changes: bool = True) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(name, help=said, description=said)
        parser.set_defaults(run=partial(_run, settings, handler))
        if changes:
            parser.add_argument("--why", default="", metavar="TEXT", help="kept with the event")
        return parser

    parser = add("add", run_add, "check a version, copy it in and register it")
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="as peft writes it, or a version's folder"
    )
    parser.add_argument(
        "--name", metavar="N", help="the adapter's name, where the folder has no manifest.json"
    )
    parser = add("list", run_list, "versions, aliases and collections", changes=False)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser = add("show", run_show, "all about one version or alias", changes=False)
    parser.add_argument("name", metavar="NAME")
    parser = add("verify", run_verify, "check files against manifest, base and registry again", changes=False)
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="default: every version")
    _add_promote(add("promote", run_promote, "point an alias to a version, or try it on a share"))
    parser = add("rollback", run_rollback, "end a trial, or go back to what an alias pointed to before")
    parser.add_argument("alias", metavar="ALIAS")
    parser = add("retire", run_retire, "take a version out of use; its files stay")
    parser.add_argument("name", metavar="VERSION")
    parser = add("purge", run_purge, "delete a retired or failed version's files")
    parser.add_argument("name", metavar="VERSION")
    parser = add("assign", run_assign, "give a collection an alias of its own")
    parser.add_argument("collection", metavar="COLLECTION")
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("alias", nargs="?", metavar="ALIAS")
    choice.add_argument("--none", action="store_true", help="the default alias again")
    parser = add("events", run_events, "who changed what, when and why", changes=False)
    parser.add_argument(
        "subject", nargs="?", default="", metavar="SUBJECT", help="a version, alias or collection"
    )
    parser.add_argument("--last", type=int, default=50, metavar="N", help="how many (default: %(default)s)")


def _add_promote(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("version", metavar="VERSION", help='or "base"')
    parser.add_argument("--alias", metavar="A", help="default: the adapter's name")
    parser.add_argument(
        "--share", type=int, default=100, metavar="5|25|50|100", help="percent (default: %(default)s)"
    )
    parser.add_argument("--automatic", action="store_true", help="go on to the next share by itself")
    parser.add_argument(
        "--answers", type=int, default=200, metavar="N", help="answers at each share (default: %(default)s)"
    )
    parser.add_argument("--revision", type=int, metavar="R", help="only if the alias is still at this one")


def run_add(administration: Administration, args: argparse.Namespace) -> int:
    """Add a version; comparing it with peft can take a minute."""
    _say("Checking the files, then asking peft what this adapter ought to answer ...")
    added = administration.add(args.folder, name=args.name, who=name_login(), why=args.why)
    if added.remark:
        _say(added.remark)
    version = added.version
    _say(f"{version.name} is {version.state}: {_MEANING[version.state]}.")
    _say(f"Try it out: reading-room adapters promote {version.name} --share 5")
    return 0


def run_list(administration: Administration, args: argparse.Namespace) -> int:
    """Print everything the registry has."""
    snapshot = administration.registry.snapshot()
    if args.json:
        _say(json.dumps(_as_json(snapshot), default=str, ensure_ascii=False))
        return 0
    if not snapshot.versions:
        _say("There are no adapters yet. Add one: reading-room adapters add FOLDER --name NAME")
    else:
        rows = [_list_version(version, snapshot) for version in snapshot.versions]
        _print_table(("Version", "State", "Answers for", "Added", "By", "Means"), rows)
    if snapshot.aliases:
        _say("")
        _print_table(
            ("Alias", "Points to", "Before that", "Revision"),
            [_list_alias(alias) for alias in snapshot.aliases],
        )
    if snapshot.collections:
        _say("")
        _print_table(("Collection", "Answered by alias"), sorted(snapshot.collections.items()))
    return 0


def run_show(administration: Administration, args: argparse.Namespace) -> int:
    """Print one version, or one alias with the trial on it."""
    snapshot = administration.registry.snapshot()
    for version in snapshot.versions:
        if version.name == args.name:
            _print_table((), _show_version(version, snapshot))
            return 0
    for alias in snapshot.aliases:
        if alias.name == args.name:
            _print_table((), _show_alias(alias, snapshot))
            _say_trial(administration, alias)
            return 0
    raise NotFound(
        f"There is no adapter version or alias {args.name[:80]!r}. List them: reading-room adapters list"
    )


def run_verify(administration: Administration, args: argparse.Namespace) -> int:
    """0 where all is whole, 2 where something is not."""
    findings = administration.verify(args.name)
    for finding in findings:
        _say(f"{finding.name}: {'whole' if not finding.problems else 'NOT WHOLE'}")
        for problem in finding.problems:
            _say(f"    {problem}")
    if not findings:
        _say("There are no adapters yet.")
    return 2 if any(finding.problems for finding in findings) else 0


def run_promote(administration: Administration, args: argparse.Namespace) -> int:
    """Point an alias; says what it points to now."""
    name = args.alias or _name_alias(args.version)
    administration.check_alias(name)
    alias = administration.registry.promote(
        name,
        args.version,
        share=args.share,
        automatic=args.automatic,
        answers_needed=args.answers,
        revision=args.revision,
        who=name_login(),
        why=args.why,
    )
    return _say_alias(alias)


def run_rollback(administration: Administration, args: argparse.Namespace) -> int:
    """Roll an alias back; says what it points to now."""
    return _say_alias(administration.registry.rollback(args.alias, who=name_login(), why=args.why))


def run_retire(administration: Administration, args: argparse.Namespace) -> int:
    """Retire a version."""
    version = administration.registry.retire(args.name, who=name_login(), why=args.why)
    _say(f"{version.name} is {version.state}: {_MEANING[version.state]}.")
    return 0


def run_purge(administration: Administration, args: argparse.Namespace) -> int:
    """Purge a version."""
    version = administration.purge(args.name, who=name_login(), why=args.why)
    _say(f"{version.name} is {version.state}: {_MEANING[version.state]}.")
    return 0


def run_assign(administration: Administration, args: argparse.Namespace) -> int:
    """Assign an alias to a collection, or none."""
    administration.registry.assign(args.collection, args.alias, who=name_login(), why=args.why)
    by = f"the alias {args.alias}" if args.alias else "the default alias"
    _say(f"Questions about {args.collection} are answered by {by}, where nobody asks for another.")
    return 0


def run_events(administration: Administration, args: argparse.Namespace) -> int:
    """Print the last events, oldest first."""
    last: deque[Event] = deque(maxlen=max(1, args.last))
    while events := administration.registry.events(
        args.subject, after=last[-1].id if last else 0, limit=_PAGE
    ):
        last.extend(events)
    if not last:
        _say(f"Nothing has happened{f' to {args.subject}' if args.subject else ''} yet.")
        return 0
    rows = [
        (
            str(event.id),
            event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            event.who,
            _tell(event),
            event.why,
        )
        for event in last
    ]
    _print_table(("No.", "When", "Who", "What", "Why"), rows)
    return 0


def _run(settings: Settings, handler: Handler, args: argparse.Namespace) -> int:
    for name, given in vars(args).items():  # a byte that is no UTF-8 comes in as half a character
        if isinstance(given, str) and any("\ud800" <= letter <= "\udfff" for letter in given):
            raise BadRequest(f"{name}: expected UTF-8 text, found {ascii(given)[:80]}.")
    from serve.adapters.administration import make_administration
    from serve.adapters.registry import Registry
    from serve.database import open_database

    with open_database(settings.database) as database:
        return handler(make_administration(settings, Registry(database)), args)


def _name_alias(version: str) -> str:
    from serve.adapters.folder import NAME

    matched = NAME.fullmatch(version)
    if matched is None:
        raise BadRequest(f"Say which alias is to point to {version[:80]}: --alias NAME")
    return matched["adapter"]


def _say_alias(alias: Alias) -> int:
    _say(f"{alias.name}: {_weigh(alias)} (revision {alias.revision})")
    return 0


def _weigh(alias: Alias) -> str:
    """What an alias points to, in words."""
    rollout = alias.rollout
    if rollout is None:
        return alias.stable
    steps = f", going on by itself after {rollout.answers_needed} answers" if rollout.automatic else ""
    return f"{alias.stable}; {rollout.candidate} is tried on {rollout.share} % of the conversations{steps}"


def _as_json(snapshot: Snapshot) -> dict[str, object]:
    """The snapshot without the references, which are long and for the gateway only."""
    versions = [asdict(version) for version in snapshot.versions]
    for version in versions:
        version["has_reference"] = version.pop("reference") is not None
    return {**asdict(snapshot), "versions": versions}


def _list_version(version: Version, snapshot: Snapshot) -> tuple[str, ...]:
    added = version.created.astimezone().strftime("%Y-%m-%d")
    means = version.problem or _MEANING[version.state]
    return (version.name, version.state, _answers_for(version, snapshot), added, version.created_by, means)


def _answers_for(version: Version, snapshot: Snapshot) -> str:
    shares = [(alias.name, alias.weights.get(version.name, 0)) for alias in snapshot.aliases]
    return ", ".join(f"{name} {share} %" for name, share in shares if share)


def _list_alias(alias: Alias) -> tuple[str, ...]:
    before = alias.previous[-1] if alias.previous else ""
    return (alias.name, _weigh(alias), before, str(alias.revision))


def _show_version(version: Version, snapshot: Snapshot) -> list[tuple[str, str]]:
    lineage = [(f"  {key}", _plain(value)) for key, value in sorted(version.lineage.items())]
    return [
        ("Version", version.name),
        ("State", f"{version.state}: {_MEANING[version.state]}"),
        *([("Problem", version.problem)] if version.problem else []),
        ("Answers for", _answers_for(version, snapshot) or "nobody"),
        ("Rank", str(version.rank)),
        ("Changes", ", ".join(version.targets)),
        ("SHA-256", version.sha256),
        ("Base's SHA-256", version.base_sha256),
        ("Compared with peft", "yes" if version.reference is not None else "no"),
        ("Added", version.created.astimezone().strftime("%Y-%m-%d %H:%M:%S")),
        ("By", version.created_by),
        *([("Made from", ""), *lineage] if lineage else []),
    ]


def _show_alias(alias: Alias, snapshot: Snapshot) -> list[tuple[str, str]]:
    collections = [name for name, given in sorted(snapshot.collections.items()) if given == alias.name]
    return [
        ("Alias", alias.name),
        ("Points to", _weigh(alias)),
        ("Before that", ", ".join(reversed(alias.previous)) or "nothing"),
        ("Revision", str(alias.revision)),
        ("Collections", ", ".join(collections) or "none of its own"),
    ]


def _say_trial(administration: Administration, alias: Alias) -> None:
    """What was counted in the trial on an alias, if there is one, and what happens next."""
    from serve.rollout.controller import describe

    if alias.rollout is None:
        return
    registry = administration.registry
    report = describe(registry, registry.database, alias.name)
    headings = ("Share", "Who", "Answers", "Errors", "Slow", "Wrong citations", "Refusals", "Thumbs down")
    rows = [
        (
            f"{arm.share} %",
            alias.rollout.candidate if arm.arm == "candidate" else alias.stable,
            *(str(n) for n in (arm.answers, arm.errors, arm.slow)),
            *(str(n) for n in (arm.invalid_citations, arm.refusals, arm.thumbs_down)),
        )
        for arm in report.counts
    ]
    _say("")
    if rows:
        _print_table(headings, rows)
    _say(f"The trial {report.next}.")


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _tell(event: Event) -> str:
    """One event in words."""
    before, after = event.details["before"], event.details["after"]
    if event.kind == "version":
        problem = event.details.get("problem")
        return (
            f"{event.subject}: {f'{before} → ' if before else ''}{after}{f' ({problem})' if problem else ''}"
        )
    if event.kind == "collection":
        return f"{event.subject}: {event.what}, {before or 'the default'} → {after or 'the default'}"
    return f"{event.subject}: {event.what}, now {_weigh(_read_alias(after))} (revision {after['revision']})"


def _read_alias(kept: dict[str, object]) -> Alias:
    from serve.adapters.alias import Alias, Rollout

    rollout = kept["rollout"]
    return Alias(
        name=str(kept["name"]),
        revision=0,
        stable=str(kept["stable"]),
        previous=(),
        rollout=Rollout(**rollout) if isinstance(rollout, dict) else None,
    )


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A plain table, or, without headings, names and values."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=bool(headings), pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings or ("", ""):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_printable(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def _printable(text: str) -> str:
    """Without what would steer a terminal; `why` and lineage may hold anything."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def _say(line: str) -> None:
    print(line, flush=True)
