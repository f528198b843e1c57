"""Boxes and folders: what a `<container>` says, tidied, and put together across levels.

Labels differ by system ("Box", "box", "Mixed Materials [32101070780000]", "bx."); what is inside is
kept as written ("27 [closed]", "12-13", "OP4").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lxml.etree import _Element

from retrieval.formats.prose import fold, inline

_OUTER = frozenset(
    "box carton volume reel drawer map-case oversize tube portfolio case cabinet binder album package bundle "
    "shelf vault unit disk cassette microfilm roll".split()
)
_FULL_NAMES = {
    "bx": "box", "vol": "volume", "port": "portfolio", "fol": "folder", "fold": "folder", "fldr": "folder",
    "flder": "folder", "ff": "folder", "pg": "page", "p": "page", "mapcase": "map-case",
    "map_case": "map-case", "legalbox": "legal box", "flatfolder": "flat folder", "flatbox": "flat box",
    "oversizebox": "oversize box", "oversizefolder": "oversize folder", "cardbox": "card box",
    "microfilmreel": "microfilm reel", "osbox": "oversize box", "halfbox": "half box",
    "recordcarton": "record carton",
}  # fmt: skip
_NOUNS = (_OUTER - {"oversize"}) | frozenset(
    "folder item page file object frame envelope sleeve print map".split()
)
_BARCODE = re.compile(r"\s*[\[(]\s*(?:barcode:?\s*)?\d{6,}\s*[\])]", re.IGNORECASE)
_PAIR_TYPE = re.compile(r"^box[-_/ ]?folder$")
_PAIR = re.compile(r"^(?:box\s*)?([\w.]+)\s*[:/,]\s*(?:folder\s*)?([\w.-]+)$", re.IGNORECASE)
_TITLE = re.compile(r"^(folder|reel|volume|item|envelope)\s+(?:no\.\s*)?(\d+[a-z]?)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Container:
    """One holder: its kind in lower case ("box", "oversize volume") and what is written on it."""

    kind: str
    text: str
    group: int = 0

    @property
    def is_outer(self) -> bool:
        """Whether it may hold others: a box does, a folder does not."""
        return not self.kind or self.kind.rpartition(" ")[2] in _OUTER or self.kind in _OUTER

    def __str__(self) -> str:
        text = self.text
        if not self.kind or not any(char.isdigit() for char in text) and len(text) > 2:
            return text
        label = " ".join(word[:1].upper() + word[1:] for word in self.kind.split())
        if text.lower().startswith(self.kind):
            return label + text[len(self.kind) :]
        return f"{label} {text}"


def read_containers(elements: Sequence[_Element]) -> tuple[Container, ...]:
    """Containers of one `did`, in order; a container of a kind seen before opens a new group.

    A second box without a label of its own is a folder, as some exports have it; of three they are boxes.
    """
    may_be_folder = len(elements) == 2 or any(_is_labelled(element) for element in elements)
    found: list[Container] = []
    group, kinds = 0, set[str]()
    labelled = ""
    for element in elements:
        text = _BARCODE.sub("", inline(element)).strip(" :;,")
        if not text or text in {"-", "–", "."}:
            continue
        own_label = _is_labelled(element)
        kind = _kind(element.get("type") or element.get("localtype") or "", element.get("label") or "", text)
        is_second = kind == "box" and labelled == "box" and not own_label and "folder" not in kinds
        if is_second and may_be_folder:
            kind = "folder"
        if own_label or not labelled:
            labelled = kind
        if kind in kinds:
            group, kinds = group + 1, set()
        kinds.add(kind)
        pair = _PAIR.match(text) if _PAIR_TYPE.match(kind) else None
        if pair:
            found += [Container("box", pair[1], group), Container("folder", pair[2], group)]
        else:
            found.append(Container("box" if _PAIR_TYPE.match(kind) else kind, _unlabel(text, kind), group))
    return tuple(found)


def _is_labelled(element: _Element) -> bool:
    return bool(element.get("label") or element.get("id"))


def render(containers: Sequence[Container]) -> str:
    """ "Box 3, Folder 12"; several boxes are kept apart by semicolons."""
    groups: dict[int, list[str]] = {}
    for container in containers:
        groups.setdefault(container.group, []).append(str(container))
    return "; ".join(dict.fromkeys(", ".join(dict.fromkeys(parts)) for parts in groups.values()))


def complete(own: Sequence[Container], above: Sequence[Container]) -> tuple[tuple[Container, ...], bool]:
    """`own`, with the box of `above` before it where `own` names only folders; and whether it was needed."""
    if not own:
        return tuple(above), True
    if any(container.is_outer for container in own):
        return tuple(own), False
    outer = tuple(container for container in above if container.is_outer)
    if not outer or len({container.group for container in outer}) > 1:
        return tuple(own), False
    return outer + tuple(Container(c.kind, c.text, outer[0].group) for c in own), True


def container_in_title(title: str) -> tuple[Container, ...]:
    """The folder that a title such as "Folder 4" names; nothing for other titles."""
    match = _TITLE.match(title)
    return (Container(match[1].lower(), match[2]),) if match else ()


def _kind(type_: str, label: str, text: str) -> str:
    """The kind, from the type, or from a label that says more ("Oversize Volume" beside "volume")."""
    kind = fold(type_).lower().strip(".: ")
    if not _PAIR_TYPE.match(kind):
        kind = kind.replace("-", " ").replace("_", " ")  # "Offsite-Box" is a box, and holds folders
    kind = _FULL_NAMES.get(kind, kind)
    words = _BARCODE.sub("", fold(label)).lower().strip(".: ")
    words = _FULL_NAMES.get(words, words)
    if not words or words == kind:
        return kind
    if words.rpartition(" ")[2] == kind or (not kind and words.rpartition(" ")[2] in _NOUNS):
        return words
    if kind and kind not in _NOUNS and words in _NOUNS and not _PAIR_TYPE.match(kind):
        return f"{kind} {words}"
    return kind


def _unlabel(text: str, kind: str) -> str:
    """The text without its own label, short or long: "Port. 1" of a portfolio is "1"."""
    head, _, rest = text.partition(" ")
    word = head.lower().strip(".:")
    if (
        rest
        and word != "ff"
        and (word == kind or _FULL_NAMES.get(word) == kind or word == kind.rpartition(" ")[2])
    ):
        return rest.lstrip(". ")
    return text
