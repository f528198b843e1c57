"""What an EAD component takes from above and from its own title: date, conditions, box and folder.

Archival description is given once, at the highest level it holds for (ISAD(G) 2.3); a lone record has to
carry it itself.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from retrieval.dates import date_in_title, read_dates
from retrieval.formats import access, containers
from retrieval.formats.access import AccessNote
from retrieval.formats.containers import Container
from retrieval.formats.ead.component import Component
from retrieval.formats.ead.titles import undated_in_title
from retrieval.formats.prose import shorten_title
from retrieval.records import ContainerOrigin, Record

_MONTH = r"(?:\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?(?: \d{1,2})?"
_MONTHS_ONLY = re.compile(rf"^{_MONTH}(?:\s*[-–]\s*{_MONTH})?$")


@dataclass(frozen=True, slots=True)
class Place:
    """A described component, as those below it see it."""

    record: Record
    path: tuple[str, ...]
    holders: tuple[Container, ...]
    notes: tuple[AccessNote, ...]
    access_below: tuple[str, str]
    ordinals: Counter[str]


def find_title(own: Component, above: Record) -> str:
    """Its title; else its date, number or box; one of several hundred characters is told in the text."""
    title = own.title or own.dates or own.unit_id or containers.render(own.containers)
    short = shorten_title(title)
    if short != title:
        own.texts.insert(0, ("odd", title))
    return short or f"Untitled ({above.title})"


def find_date(own: Component, title: str) -> None:
    """Take the date from the title where there is none beside it; a title may also say that it has none."""
    if own.dates:
        return
    dated = date_in_title(title)
    if dated:
        own.dates, own.dated = dated[0], read_dates(dated[0])
    else:
        own.dates = undated_in_title(title)


def find_year(own: Component, above: Record) -> None:
    """Read "January-March" as of the year that the component above is of, where that is one year."""
    if own.dated.spans or above.years is None or not _MONTHS_ONLY.match(own.dates):
        return
    first, last = above.years
    if first == last:
        found = read_dates(f"{own.dates} {first}").spans
        own.dated = replace(own.dated, spans=tuple(replace(span, certainty="supplied") for span in found))


def restrict(
    own: Component, title: str, container: str, place: Place
) -> tuple[tuple[AccessNote, ...], tuple[str, str]]:
    """Access notes that hold for a component, and what they say to those below it."""
    remarks = [text for _, text in own.texts]
    held = container if own.containers else ""
    text = own.access or access.closure_in_passing(own.title, held, remarks)
    if not text:
        return place.notes, place.access_below
    notes = access.add_note(place.notes, AccessNote(title, text))
    return notes, access.render(notes)


def hold(
    own: Component, title: str, place: Place, carried: tuple[Container, ...]
) -> tuple[tuple[Container, ...], ContainerOrigin]:
    """Containers of a component, with those of its parent or of the one before it where it names none.

    A folder that only the title names ("Folder 4") counts once a box is known for it.
    """
    mine = own.containers or containers.container_in_title(title)
    from_above = bool(place.holders) or not carried
    held, borrowed = containers.complete(mine, place.holders if from_above else carried)
    if borrowed:
        from_carried = not from_above or place.record.container_origin == "carried"
        return held, ("carried" if from_carried else "inherited") if held else ""
    return (held, "stated") if own.containers else ((), "")


def path_step(title: str, dates: str, ordinals: Counter[str]) -> str:
    """A component's step in its path: title and dates, and its number among siblings that share them."""
    key = f"{title}\x1e{dates}"
    ordinals[key] += 1
    return f"{key}\x1e{ordinals[key]}"
