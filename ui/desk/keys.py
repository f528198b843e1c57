"""One-key actions: which letter does what, chosen by each member of staff, or none at all.

WCAG 2.1.4 asks that single-letter shortcuts can be turned off or changed. The choice lies in a cookie of
the desk; the server writes the letters on the buttons, and the script reads them there.
"""

from __future__ import annotations

from dataclasses import dataclass

CHOICES = {
    "good": ("g", "Good as it is"),
    "fix": ("f", "Fix the answer"),
    "absent": ("n", "Not in our collections"),
    "ignore": ("i", "Ignore"),
    "source": ("w", "Wrong source"),
    "next": ("j", "Next"),
    "previous": ("k", "Previous"),
    "approve": ("a", "Approve"),
    "return": ("r", "Return"),
    "submit": ("s", "Submit"),
    "first": ("1", "The first answer is better"),
    "second": ("2", "The second answer is better"),
    "tie": ("3", "Both alike"),
    "neither": ("4", "Neither is good"),
}
"""Every action with its letter from the start, and what it is called where letters are chosen."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The letter of each action; no letters where they are turned off."""

    on: bool
    letters: dict[str, str]

    def get(self, action: str) -> str:
        """The letter of an action, "" where keys are off."""
        return self.letters.get(action, "") if self.on else ""


def read_keys(cookie: str) -> Keys:
    """The choice that a cookie holds; what cannot be read is the choice from the start."""
    letters = {action: letter for action, (letter, _) in CHOICES.items()}
    switch, _, chosen = cookie.partition(".")
    if len(chosen) == len(letters) and are_letters(list(chosen)):
        letters = dict(zip(letters, chosen, strict=True))
    return Keys(switch != "off", letters)


def write_keys(keys: Keys) -> str:
    """The choice as a cookie's value."""
    return ("on" if keys.on else "off") + "." + "".join(keys.letters.values())


def are_letters(letters: list[str]) -> bool:
    """Whether each is one letter or digit of its own."""
    plain = all(len(letter) == 1 and letter.isascii() and letter.isalnum() for letter in letters)
    return plain and len(set(letters)) == len(letters)
