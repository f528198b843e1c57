"""Boxes and folders by any of their abbreviations."""

from __future__ import annotations

import pytest

from train.pairs.checks.containers import read_containers


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Box 9", ["box 9"]),
        ("box 9, f. 3", ["box 9", "folder 3"]),
        ("Bx. 9, fol. 3-5", ["box 9", "folder 3", "folder 4", "folder 5"]),
        ("Boxes 3 and 12", ["box 3", "box 12"]),
        ("Box 09; Folder 003a", ["box 9", "folder 003a"]),
        ("OS Box 4 / Folder 2", ["box 4", "folder 2"]),
        ("box no. 7 (folder #2)", ["box 7", "folder 2"]),
        ("Schachtel 4, Mappe 12", ["box 4", "folder 12"]),
        ("boîte 3, dossier 7", ["box 3", "folder 7"]),
        ("Caja 2, carpeta 5", ["box 2", "folder 5"]),
        ("Vol. 3, p. 14", ["volume 3", "page 14"]),
        ("a box of 12 letters", []),
        ("f. 3 of the score", []),
        ("10 boxes", []),
        ("Item 1905-3", ["item 1905", "item 3"]),
    ],
)
def test_containers(text: str, keys: list[str]) -> None:
    found = [key for container in read_containers(text) for key in container.keys]
    assert sorted(found) == sorted(keys)


def test_where_it_stands() -> None:
    text = "It lies in box 9, f. 3 of the papers."
    assert [text[one.start : one.end] for one in read_containers(text)] == ["box 9", "f. 3"]
