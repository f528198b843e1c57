"""What became of a version in another: pairs added, removed and changed, and whether the exam moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from train.datasets.candidate import Member
from train.datasets.folder import DatasetFolder
from train.datasets.names import Part


@dataclass(frozen=True, slots=True)
class Changed:
    """A pair that both hold, in another form; `fields` are the names of what differs."""

    id: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartDifference:
    """What differs within one part; ids in order."""

    before: int
    after: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two versions. `moved` are ids that went from one part to the other: none between versions of a name."""

    before: str
    after: str
    train: PartDifference
    exam: PartDifference
    moved: tuple[str, ...]

    def describe(self) -> tuple[str, ...]:
        """In plain sentences, with numbers only for the exam."""
        return tuple(self._describe())

    def _describe(self) -> Iterator[str]:
        for what, part in (("pairs to train on", self.train), ("exam questions", self.exam)):
            changes = [
                f"{len(found)} {word}"
                for found, word in (
                    (part.added, "added"),
                    (part.removed, "removed"),
                    (part.changed, "changed"),
                )
                if found
            ]
            yield f"{part.before} {what} before, {part.after} after: {', '.join(changes) or 'no change'}."
        if self.moved:
            yield (
                f"{len(self.moved)} went from one part to the other: what was learned and what is asked in "
                "the exam are not apart across these two versions."
            )
        else:
            yield "Nothing went from one part to the other."


def compare(before: DatasetFolder, after: DatasetFolder) -> Difference:
    """Compare two versions. Raises DatasetDamaged."""
    old: dict[Part, dict[str, Member]] = {"train": _by_id(before.train()), "exam": _by_id(before.exam())}
    new: dict[Part, dict[str, Member]] = {"train": _by_id(after.train()), "exam": _by_id(after.exam())}
    moved = (old["train"].keys() & new["exam"].keys()) | (old["exam"].keys() & new["train"].keys())
    return Difference(
        before=str(before.manifest.version),
        after=str(after.manifest.version),
        train=_compare(old["train"], new["train"]),
        exam=_compare(old["exam"], new["exam"]),
        moved=tuple(sorted(moved)),
    )


def _compare(old: Mapping[str, Member], new: Mapping[str, Member]) -> PartDifference:
    changed = (Changed(id, _differing(old[id], new[id])) for id in sorted(old.keys() & new.keys()))
    return PartDifference(
        before=len(old),
        after=len(new),
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(one for one in changed if one.fields),
    )


def _differing(old: Member, new: Member) -> tuple[str, ...]:
    """A revision that changed nothing of the pair is no change."""
    one, other = asdict(old.pair), asdict(new.pair)
    return tuple(key for key in one if one[key] != other[key])


def _by_id(members: tuple[Member, ...]) -> dict[str, Member]:
    return {member.pair.id: member for member in members}
