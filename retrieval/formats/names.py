"""People named in a title: who wrote, to whom, and whose file it is.

Titles of letters and documents follow a few patterns ("Winslow Homer ALS to Laura N[orcross] Marrs;
Scarboro", "Letter from Lucien Harris", "Rush, Benjamin"). Editorial brackets split names, so the names
kept are written out without them: "William Howard Taft" for "W[illia]m H[oward] Taft".
"""

from __future__ import annotations

import re

from retrieval.implied.letter_titles import read_sides
from retrieval.implied.parties import are_people, is_person, read_parties

_INVERTED = re.compile(
    r"^((?:(?:Mc|Mac|O'|De |Van |Von )?[A-Z][\w'’\-]+)(?: [A-Z][\w'’\-]+)?, "
    r"(?:(?:Mrs|Mr|Dr|Rev|Sir|Lady)\.? )?"
    r"[A-Z][\w'’\-]*\.?(?:[ .][A-Z][\w'’\-]*\.?){0,3}(?:, (?:Jr|Sr)\.?)?)(?=$|, |\s?\()"
)


def names_in_title(title: str) -> list[str]:
    """Names that a title gives by its form, without editorial brackets; none when it has no such form."""
    sides = read_sides(title, among_letters=True)
    if sides is not None:
        if not sides.bare or (are_people(sides.sender) and are_people(sides.recipient)):
            return [*read_parties(sides.sender), *read_parties(sides.recipient)]
    inverted = _INVERTED.match(title)
    return [inverted[1]] if inverted and is_person(inverted[1]) else []
