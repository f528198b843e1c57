"""Pairs out of a file into the database, and out of the database into a file.

A file comes in by one transaction: all of its good rows or, where anything fails, none. What a file says of
approvals is not believed, and the same file twice brings in nothing new, since a pair without an id of this
product gets one made from what it says.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from retrieval.index import Index
from serve.curation.file_rights import state_rights
from serve.curation.pairs import PairState, StoredPair, read_pairs, store_pairs
from serve.curation.references import References
from serve.database import Database
from serve.errors import BadRequest
from serve.people.audit import audit
from serve.people.authority import Actor
from serve.plain import make_plain
from train.pairs.exchange.export import Export
from train.pairs.exchange.forms import Form, find_form
from train.pairs.exchange.forms import read_pairs as read_file
from train.pairs.exchange.reading import Entry, Misfit, Reading, Unreadable
from train.pairs.pair import Origin, Pair

MOST_LICENCE = 200
_OWN_ID = re.compile(r"(?:pair|import|draft)-[0-9a-f]{12,64}")
_LOOKED_UP = 500


@dataclass(frozen=True, slots=True)
class Rights:
    """What the importer states of a file: that its makers agreed to its use, and under which licence."""

    licence: str = ""
    consent: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file. `new` are ids of pairs that were stored, or would be where it was only tried."""

    form: Form
    reading: Reading
    new: tuple[str, ...]
    known: int
    tried: bool


def import_pairs(
    database: Database,
    actor: Actor,
    raw: bytes,
    rights: Rights,
    index: Index | None,
    *,
    name: str = "",
    form: str = "",
    tried: bool = False,
) -> Imported:
    """Read a file and store what is new in it; with `tried` only say what would come of it.

    Raises BadRequest where the file cannot be read at all, or consent is stated without a licence.
    """
    licence = make_plain(rights.licence).strip()
    if rights.consent and not licence:
        raise BadRequest(
            "Consent was stated without a licence. Name the licence too, such as CC0-1.0 or "
            '"library\'s own text".',
            param="licence",
        )
    if len(licence) > MOST_LICENCE:
        raise BadRequest(f"The licence has {len(licence):,} characters, at most {MOST_LICENCE} are kept.")
    try:
        chosen, reading = read_file(raw, name=name, form=form)
    except Unreadable as error:
        raise BadRequest(str(error), param="file") from None
    entries = _prepare(reading, actor, Rights(licence, rights.consent), References(index))
    unique = list({entry.pair.id: entry.pair for entry in reversed(entries)}.values())[::-1]
    digest = hashlib.sha256(raw).hexdigest()
    there = _read_known(database, [pair.id for pair in unique])
    why = f"from a file ({chosen.name}): {_name(name)}"
    with database.sessions() as session:
        stored = store_pairs(session, actor, unique, why=why)
        stated = state_rights(session, actor, [pair for pair in unique if pair.id not in stored], why)
        if (stored or stated) and not tried:
            audit(
                session, actor, "imported", f"file {digest[:16]}",
                details={
                    "form": chosen.name, "pairs": len(stored), "refused": reading.refused, "rights": stated,
                },
            )  # fmt: skip
            session.commit()
        else:
            session.rollback()
    if stated:
        are = "pair that was here without them is" if stated == 1 else "pairs that were here without them are"
        reading.remark(f"licence and consent of {stated:,} {are} now those stated")
    _remark_known(entries, there, reading)
    new = tuple(pair.id for pair in unique if pair.id in stored)
    return Imported(chosen, reading, new, len(entries) - len(new), tried)


def export_pairs(
    database: Database,
    actor: Actor,
    form: str,
    *,
    states: Collection[PairState] = (),
    ids: Collection[str] = (),
    tried: bool = False,
) -> tuple[Form, Export, int]:
    """Pairs of some states, or by id, as a file, with its form and how many they are. Raises BadRequest.

    Withdrawn pairs are in no file unless they are asked for, and those whose words are gone never. The audit
    log says who took a file out, unless it was only `tried`: a deletion that is asked for does not reach it.
    """
    try:
        chosen = find_form(form)
    except Unreadable as error:
        raise BadRequest(str(error), param="form") from None
    with database.readings() as session:
        stored = read_pairs(session, states=states or ("draft", "submitted", "approved"), ids=ids)
    pairs = [each.pair for each in stored if each.pair.question]
    export = chosen.write(pairs)
    if not tried:
        with database.sessions.begin() as session:
            details = {"form": chosen.name, "pairs": len(pairs)}
            audit(session, actor, "exported", "pairs", details=details)
    return chosen, export, len(pairs)


def name_content(pair: Pair, kind: str = "import") -> str:
    """An id made from what a pair says of which records, the same whoever brings it in, and in which form."""
    evidence = [item.record_id or [item.heading, item.text] for item in pair.evidence]
    history = [[turn.role, turn.content] for turn in pair.history]
    said = [pair.question, pair.answer, pair.kind, pair.language, evidence, history]
    return f"{kind}-{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]}"


def _prepare(reading: Reading, actor: Actor, rights: Rights, references: References) -> list[Entry]:
    """The entries as they are to be stored. One whose evidence is not to be found goes to the problems."""
    prepared: list[Entry] = []
    first: dict[str, Entry] = {}
    for entry in reading.entries:
        try:
            pair = _take_over(entry.pair, actor, rights, references)
        except Misfit as misfit:
            reading.refuse(misfit.at(entry.place))
            continue
        if pair.id in first:
            reading.remark(f"says the same as {str(first[pair.id].place).lower()}", place=entry.place)
        first.setdefault(pair.id, entry)
        prepared.append(Entry(pair, entry.place))
    reading.entries = prepared
    return prepared


def _take_over(pair: Pair, actor: Actor, rights: Rights, references: References) -> Pair:
    """A pair of a file as one of ours: new to everybody, and agreed to by nobody but the importer."""
    origin: Origin = "draft" if pair.is_synthetic else "import"
    taken = replace(
        pair,
        evidence=references.resolve(pair),
        origin=origin,
        contributor=actor.name,
        approver="",
        waiver="",
        consent="file" if rights.consent else "none",
        licence=rights.licence or pair.licence,
    )
    return taken if _OWN_ID.fullmatch(pair.id) else replace(taken, id=name_content(taken, origin))


def _read_known(database: Database, ids: Sequence[str]) -> dict[str, StoredPair]:
    with database.readings() as session:
        batches = [ids[at : at + _LOOKED_UP] for at in range(0, len(ids), _LOOKED_UP)]
        return {each.pair.id: each for batch in batches for each in read_pairs(session, ids=batch)}


def _remark_known(entries: Sequence[Entry], there: dict[str, StoredPair], reading: Reading) -> None:
    """Say which pairs stand here with other words than the file has: a file changes none of them."""
    for entry in entries:
        stored = there.get(entry.pair.id)
        if stored is None or not stored.pair.question:
            continue
        if [make_plain(entry.pair.question), make_plain(entry.pair.answer)] != [
            stored.pair.question,
            stored.pair.answer,
        ]:
            reading.remark(
                f"{entry.pair.id} is here already with other words, and stays as it is",
                "Change it at the desk, or take its id out of the file to bring it in as another pair",
                entry.place,
            )


def _name(name: str) -> str:
    return make_plain(name)[:100] or "without a name"
