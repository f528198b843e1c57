"""How patrons put it: question templates by what they name, and the small talk round them.

Slots: {s} sender, {r} recipient, {p} person, {t} topic, {y} year, {m} month, {n} whole title. A question that
can be answered "yes" or "no" begins as one; the others get the quotation alone.
"""

from __future__ import annotations

import re

TEMPLATES: dict[str, tuple[str, ...]] = {
    "s": (
        "Do you have letters from {s}?",
        "Is there a letter from {s}?",
        "Any letters by {s}?",
        "Which letters did {s} write?",
        "Are there any letters written by {s}?",
        "Show me letters from {s}.",
        "I am looking for letters from {s}",
        "letters from {s}",
        "Did {s} write any letters?",
        "Do you hold anything {s} wrote?",
        "What did {s} write?",
        "Where are the letters from {s}?",
    ),
    "sy": (
        "Do you have letters from {s} in {y}?",
        "Is there a letter from {s} from {y}?",
        "Any letters by {s}, {y}?",
        "Which letters did {s} write in {y}?",
        "Are there letters written by {s} in {y}?",
        "Do you have any letters from {s} dated {y}?",
        "letters from {s} {y}",
        "Did {s} write a letter in {y}?",
        "I want to see what {s} wrote in {y}.",
        "In {y}, did {s} write to anyone?",
        "What did {s} write in {y}?",
        "Who did {s} write to in {y}?",
        "Where are the {y} letters of {s}?",
        "Have you got {s}'s letters from {y}?",
    ),
    "smy": (
        "Do you have a letter from {s} in {m} {y}?",
        "Is there a letter {s} wrote in {m} {y}?",
        "What did {s} write in {m} {y}?",
        "letters from {s}, {m} {y}",
        "Did {s} write to anybody in {m} of {y}?",
    ),
    "sr": (
        "Do you have letters from {s} to {r}?",
        "Did {s} write to {r}?",
        "Is there a letter from {s} to {r}?",
        "Which letters did {s} send to {r}?",
        "Where are the letters from {s} to {r}?",
        "{s} to {r}",
        "Are there any letters that {s} wrote to {r}?",
        "Have you letters {s} sent {r}?",
    ),
    "sry": (
        "Do you have letters from {s} to {r} in {y}?",
        "Did {s} write to {r} in {y}?",
        "Is there a letter from {s} to {r} dated {y}?",
        "{s} to {r}, {y}",
        "Which letter did {s} send {r} in {y}?",
        "What did {s} write to {r} in {y}?",
        "Where is the {y} letter from {s} to {r}?",
    ),
    "r": (
        "Do you have letters to {r}?",
        "Who wrote to {r}?",
        "Are there letters addressed to {r}?",
        "Is there any letter that {r} received?",
        "letters to {r}",
        "Which letters did {r} receive?",
    ),
    "ry": (
        "Do you have letters to {r} from {y}?",
        "Who wrote to {r} in {y}?",
        "Did anyone write to {r} in {y}?",
        "Are there letters sent to {r} in {y}?",
        "Which letters did {r} receive in {y}?",
        "letters to {r} in {y}",
    ),
    "sy?t": (
        "Did {s} write about the {t} in {y}?",
        "Is there a letter from {s} in {y} about {t}?",
        "What did {s} say about {t} in {y}?",
    ),
    "st": (
        "Did {s} write about {t}?",
        "Is there a letter from {s} about {t}?",
        "What did {s} say about the {t}?",
        "Where does {s} mention {t}?",
        "Do you have a letter in which {s} tells of {t}?",
    ),
    "p": (
        "Do you have anything about {p}?",
        "Is there anything on {p}?",
        "What do you have on {p}?",
        "Are there any papers of {p}?",
        "I am looking for {p}",
        "Which items mention {p}?",
        "{p}",
        "Do you have photographs or papers of {p}?",
        "Where is {p} mentioned?",
        "Can you find {p}?",
    ),
    "py": (
        "Do you have anything about {p} from {y}?",
        "Is there something on {p} in {y}?",
        "{p} {y}",
        "What is there from {y} about {p}?",
        "Which items of {y} name {p}?",
        "Are there papers of {p} from {y}?",
    ),
    "t": (
        "Do you have anything about the {t}?",
        "Is there anything on {t}?",
        "What do you have about {t}?",
        "Do you have anything on {t}?",
        "Are there records of the {t}?",
        "I am looking for {t}",
        "{t}",
        "Which items deal with {t}?",
        "Where can I read about the {t}?",
        "Is the {t} mentioned anywhere?",
        "Have you any material on {t}?",
        "Where would I find {t}?",
        "Who mentions the {t}?",
        "Do you hold {t}?",
    ),
    "ty": (
        "Do you have anything about {t} from {y}?",
        "Is there anything on the {t} in {y}?",
        "{t} {y}",
        "What do you have about {t} in {y}?",
        "Which items from {y} deal with {t}?",
        "Do you hold {t} of {y}?",
        "Where is the {t} of {y}?",
        "Are there papers on {t}, {y}?",
    ),
    "y": (
        "Do you have anything from {y}?",
        "What is there from {y}?",
        "Is there anything dated {y}?",
        "Which items date from {y}?",
        "Any letters of {y}?",
    ),
    "my": (
        "Do you have anything from {m} {y}?",
        "What is dated {m} {y}?",
        "Is there anything written in {m} {y}?",
    ),
    "n": (
        "Where is {n}?",
        "Which box holds {n}?",
        "Do you have {n}?",
        "In which folder is {n}?",
        "Find {n}",
        'Where can I find "{n}"?',
        "What box is {n} in?",
        'Do you hold "{n}"?',
        "When is {n} from?",
    ),
}

SMALL_TALK: tuple[tuple[str, str], ...] = (
    ("Hello", "Hello. Ask me what the collections hold."),
    ("Hi there", "Hello. Ask me what the collections hold."),
    ("Good morning!", "Hello. Ask me what the collections hold."),
    ("Thank you", "You are welcome."),
    ("Thanks, that helps.", "You are welcome."),
    ("Who are you?", "I quote the passages found for your question. Ask me what the collections hold."),
)

_YES_NO = re.compile(r"^(?:in \d{4}, )?(?:do|does|did|is|are|was|have|has|any|can)\b", re.IGNORECASE)


def wants_yes(question: str) -> bool:
    """Whether a question is put so that its answer begins with "Yes"."""
    return bool(_YES_NO.match(question))
