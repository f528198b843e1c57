"""What a question says, read by rules."""

from __future__ import annotations

import pytest

from retrieval.asked.questions import read_question, read_years


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("letters from Ellen Marsh in 1905?", (1905, 1905)),
        ("letters from 1905 to 1909", (1905, 1909)),
        ("diaries 1905-1910", (1905, 1910)),
        ("written 1918-19", (1918, 1919)),
        ("in the 1920s", (1920, 1929)),
        ("between the 1890s and 1910s", (1890, 1919)),
        ("circa 1905", (1900, 1910)),
        ("around 1905", (1900, 1910)),
        ("before 1910", (1000, 1909)),
        ("until 1910", (1000, 1910)),
        ("pre-1850 maps", (1000, 1849)),
        ("since 1900", (1900, 2099)),
        ("after 1900", (1901, 2099)),
        ("from 1900 onwards", (1900, 2099)),
        ("something from 1900", (1900, 1900)),
        ("late 19th century", (1866, 1899)),
        ("box 1905", None),
        ("MC 00003", None),
        ("item 3/2/19", None),
        ("the 8th Virginia regiment", None),
        ("no year at all", None),
    ],
)
def test_years(text: str, years: tuple[int, int] | None) -> None:
    assert read_years(text) == years


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Do you have letters from Winslow Homer in May 1905?", (("winslow", "homer"),)),
        ("T. C. Murray's Autumn Fire", (("murray",), ("autumn", "fire"))),
        ("Letters in the box", ()),
        ("Photographs, please: those of Boston", (("boston",),)),
        ("do you have stuff from the war", ()),
        ("a letter from Ludwig van Beethoven", (("ludwig", "van", "beethoven"),)),
    ],
)
def test_names(text: str, names: tuple[tuple[str, ...], ...]) -> None:
    assert read_question(text).names == names


def test_words_lose_the_chat_around_them() -> None:
    question = read_question(
        "Hello, could you please tell me whether you have any letters about Émile's mill?"
    )
    assert question.words == ("letters", "emile", "mill")
    assert question.added == ("correspondence",)
    assert question.topic_words == {"emile", "mill"}


def test_containers_and_identifiers() -> None:
    question = read_question("What is in Box 14, folder 2a of MC 00003 (ms101-0068)?")
    assert question.containers == ("box14", "folder2a")
    assert question.identifiers == ("ms1010068", "mc00003")


@pytest.mark.parametrize(
    ("text", "breadth"),
    [
        ("How large are the Marsh family papers?", 1.0),
        ("When did Ellen Marsh marry?", 1.0),
        ("Which collection has mill photographs?", 1.0),
        ("What do you have about mills?", 0.5),
        ("Are the diaries open?", 0.5),
        ("Ellen Marsh's letter of 1905", 0.0),
    ],
)
def test_breadth(text: str, breadth: float) -> None:
    assert read_question(text).breadth == breadth


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("from April 1905", (1905, 4, 1905, 4)),
        ("May I see letters of 1905?", (1905, 1, 1905, 12)),
        ("letters of May 1905", (1905, 5, 1905, 5)),
        ("late 1812", (1812, 9, 1812, 12)),
        ("1812 August to 1813 December", (1812, 8, 1813, 12)),
    ],
)
def test_months(text: str, months: tuple[int, int, int, int]) -> None:
    span = read_question(text).span
    assert span is not None
    first, last = span.first.split("-"), span.last.split("-")
    assert (int(first[0]), int(first[1]), int(last[0]), int(last[1])) == months


@pytest.mark.parametrize("text", ["", " ", "?" * 5000, "\x00\ud800", "а́" * 999, "9" * 5000, "( [ \" '"])
def test_strange_text_is_read_without_failing(text: str) -> None:
    assert read_question(text).text == text
