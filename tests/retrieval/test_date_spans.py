"""What a date as written covers, to the day, and how sure that is.

The expressions are of the kinds that real finding aids hold (and some of them are theirs word for word).
"""

from __future__ import annotations

import random
from datetime import date

import pytest

from retrieval.dates import Dates, join_dates, read_dates
from retrieval.spans import Span


def _written(span: Span) -> str:
    sure = "" if span.certainty == "certain" else f" {span.certainty}"
    return (span.first if span.first == span.last else f"{span.first}/{span.last}") + sure


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("1905", ["1905-01-01/1905-12-31"]),
        ("1652 August 25", ["1652-08-25"]),
        ("29 April 1988", ["1988-04-29"]),
        ("November 10, 1914", ["1914-11-10"]),
        ("October the 6th 1845", ["1845-10-06"]),
        ("Friday, May 4, 1905", ["1905-05-04"]),
        ("May, 1983", ["1983-05-01/1983-05-31"]),
        ("Feb., 1988", ["1988-02-01/1988-02-29"]),
        ("Aug. 25, 1988", ["1988-08-25"]),
        ("10 July 1800-October 04 1802", ["1800-07-10/1802-10-04"]),
        ("1917-1955,", ["1917-01-01/1955-12-31"]),
        ("1974-75", ["1974-01-01/1975-12-31"]),
        ("1914-8", ["1914-01-01/1918-12-31"]),
        ("1918-04", ["1918-04-01/1918-04-30"]),
        ("1903, 1950-1955", ["1903-01-01/1903-12-31", "1950-01-01/1955-12-31"]),
        ("1970-1975, 2000, undated", ["1970-01-01/1975-12-31", "2000-01-01/2000-12-31"]),
        ("1982, and 1984-85", ["1982-01-01/1982-12-31", "1984-01-01/1985-12-31"]),
        ("1976-1993, 200, 2003, undated", ["1976-01-01/1993-12-31", "2003-01-01/2003-12-31"]),
        ("circa 1905", ["1904-01-01/1906-12-31 approximate"]),
        ("[1812 ca.]", ["1811-01-01/1813-12-31 approximate"]),
        ("ca. 1841 October", ["1841-09-01/1841-11-30 approximate"]),
        ("ca. 1862 March 6", ["1862-03-05/1862-03-07 approximate"]),
        ("1945 [ca. April-May]", ["1945-03-01/1945-05-31 approximate"]),
        ("1965, ca. 1980", ["1965-01-01/1965-12-31", "1979-01-01/1981-12-31 approximate"]),
        ("1905?", ["1905-01-01/1905-12-31 uncertain"]),
        ("[1832?] July 7", ["1832-07-07 uncertain"]),
        ("7 October [probably 1789 though could be later]", ["1789-10-07 uncertain"]),
        ("1890s", ["1890-01-01/1899-12-31"]),
        ("1928-1930s", ["1928-01-01/1939-12-31"]),
        ("[late 1860s]", ["1866-01-01/1869-12-31 approximate"]),
        ("early 20th century", ["1900-01-01/1933-12-31 approximate"]),
        ("second half of the 18th century", ["1750-01-01/1799-12-31"]),
        ("2nd quarter of the 19th century", ["1825-01-01/1849-12-31"]),
        ("[Late 1824?]", ["1824-09-01/1824-12-31 uncertain"]),
        ("mid-May 1905", ["1905-05-11/1905-05-20 approximate"]),
        ("191-", ["1910-01-01/1919-12-31"]),
        ("October 11, 191-", ["1910-01-01/1919-12-31"]),
        ("18--?", ["1800-01-01/1899-12-31 uncertain"]),
        ("18[40s?] March 12", ["1840-01-01/1849-12-31 uncertain"]),
        ("19uu", ["1900-01-01/1999-12-31"]),
        ("undated", []),
        ("n.d.", []),
        ("dates not examined", []),
        ("[no year] July 6", []),
        ("color", []),
        ("4/10", []),
        ("1300 BC", []),
        ("", []),
        ("Winter 1918-19", ["1918-12-01/1919-03-31 approximate"]),
        ("Winter 1918/1919", ["1918-12-01/1919-03-31 approximate"]),
        ("Winter 1918", ["1917-12-01/1918-03-31 approximate", "1918-12-01/1919-03-31 approximate"]),
        ("Winter 1918?", ["1917-12-01/1918-03-31 uncertain", "1918-12-01/1919-03-31 uncertain"]),
        ("ca. winter 1918", ["1917-10-09/1918-06-23 approximate", "1918-09-08/1919-03-25 approximate"]),
        ("Fall 1917-Winter 1918", ["1917-09-01/1919-03-31 approximate"]),
        ("Winter 1974-1976", ["1973-12-01/1976-12-31 approximate"]),
        ("Summer 1905", ["1905-06-01/1905-08-31 approximate"]),
        ("printemps 1905", ["1905-03-01/1905-05-31 approximate"]),
        ("Spring-Summer 1918", ["1918-03-01/1918-08-31 approximate"]),
        ("Spring/Summer 1918", ["1918-03-01/1918-05-31 approximate", "1918-06-01/1918-08-31 approximate"]),
        ("2. 12. 1893", ["1893-12-02"]),
        ("12.3.1905?", ["1905-03-12 uncertain"]),
        ("1905-03-12?", ["1905-03-12 uncertain"]),
        ("[um den 4. 2. 1895?]", ["1895-02-03/1895-02-05 uncertain"]),
        ("Fall 1966-Spring 1969", ["1966-09-01/1969-05-31 approximate"]),
        ("(Fall, 1988)", ["1988-09-01/1988-11-30 approximate"]),
        ("before 1910", ["1900-01-01/1909-12-31 uncertain"]),
        ("Before 10 December 1778", ["1768-12-10/1778-12-09 uncertain"]),
        ("[before] 1826 July", ["1816-07-01/1826-06-30 uncertain"]),
        ("Undated, after 1871 February 14", ["1871-02-15/1881-02-14 uncertain"]),
        ("by 1910", ["1900-01-01/1910-12-31 uncertain"]),
        ("not before 1905", ["1905-01-01/1915-12-31 uncertain"]),
        ("1905 or later", ["1905-01-01/1915-12-31 uncertain"]),
        ("1979-", ["1979-01-01/1989-12-31 uncertain"]),
        ("ca. 1978-?", ["1977-01-01/1988-12-31 uncertain"]),
        ("[between July 13 and August 5, 1782]", ["1782-07-13/1782-08-05 supplied"]),
        ("[1786 between February and May]", ["1786-02-01/1786-05-31 supplied"]),
        ("[15 November 1794]", ["1794-11-15 supplied"]),
        ("[19]07 February 25", ["1907-02-25 supplied"]),
        ("[?2]4 March [18]72", ["1872-03-24 uncertain"]),
        ("5 September 1[8]36", ["1836-09-05 supplied"]),
        ("1910 September 21 [delivered]", ["1910-09-21"]),
        ("1931/2", ["1931-01-01/1932-12-31"]),
        ("1731/2 March 21", ["1731-03-21", "1732-03-21"]),
        ("24 Prairial, l'an 6e", ["1798-06-12"]),
        ("Messidor an III", ["1795-06-19/1795-07-18"]),
        ("1er janvier 1800", ["1800-01-01"]),
        ("den 3. März 1848", ["1848-03-03"]),
        ("15 de enero de 1810", ["1810-01-15"]),
        ("7 de julho de 1889", ["1889-07-07"]),
        ("entre 1800 et 1810", ["1800-01-01/1810-12-31"]),
        ("vers 1850", ["1849-01-01/1851-12-31 approximate"]),
        ("années 1920", ["1920-01-01/1929-12-31"]),
        ("19. Jahrhundert", ["1800-01-01/1899-12-31"]),
        ("siglo XIX", ["1800-01-01/1899-12-31"]),
        ("13 Xber 1701", ["1701-12-13"]),
        ("1856 Januray 28", ["1856-01-28"]),
        ("30 February 1870", ["1870-02-01/1870-02-28 uncertain"]),
        ("1974 February 5-1947 May 22", ["1947-05-22/1974-02-05 uncertain"]),
        ("29640", ["1981-02-23 uncertain"]),
        ("10/13/1988", ["1988-10-13"]),
        ("31.7.2002", ["2002-07-31"]),
        ("5/9/2001", ["2001-05-09 uncertain", "2001-09-05 uncertain"]),
        ("1905-05-22/1905-06-01", ["1905-05-22/1905-06-01"]),
        ("19050522", ["1905-05-22"]),
        ("April 27-29, 1990", ["1990-04-27/1990-04-29"]),
        ("1849 December 22-26", ["1849-12-22/1849-12-26"]),
        ("3-27 August 1970", ["1970-08-03/1970-08-27"]),
        ("February 7, 20, 1917", ["1917-02-07", "1917-02-20"]),
        ("[25 & 26 May 1785]", ["1785-05-25 supplied", "1785-05-26 supplied"]),
        ("November 21, 1975, April 13, 1997", ["1975-11-21", "1997-04-13"]),
        ("October-December 1905", ["1905-10-01/1905-12-31"]),
        ("1905, July-December", ["1905-07-01/1905-12-31"]),
        ("December-February 1905", ["1904-12-01/1905-02-28"]),
        ("1822 February 18-October 26", ["1822-02-18/1822-10-26"]),
        ("February 1918, April - August 1918.", ["1918-02-01/1918-02-28", "1918-04-01/1918-08-31"]),
        ("March and April 1944", ["1944-03-01/1944-03-31", "1944-04-01/1944-04-30"]),
        ("1806-27 December 1806", ["1806-01-01/1806-12-27"]),
        ("22.v.1905", ["1905-05-22"]),
        ("5/1905", ["1905-05-01/1905-05-31"]),
        ("May 22d, 1905", ["1905-05-22"]),
        ("mid to late 1920s", ["1923-01-01/1929-12-31 approximate"]),
        ("1920-30s", ["1920-01-01/1939-12-31"]),
        ("late 19th-early 20th century", ["1866-01-01/1933-12-31 approximate"]),
        ("17th c.", ["1600-01-01/1699-12-31"]),
        ("1905 (approx.)", ["1904-01-01/1906-12-31 approximate"]),
        ("1910, 12 boxes", ["1910-01-01/1910-12-31"]),
    ],
)  # fmt: skip
def test_a_date_as_written_covers(text: str, spans: list[str]) -> None:
    assert [_written(span) for span in read_dates(text).spans] == spans


@pytest.mark.parametrize(
    ("text", "spans", "bulk"),
    [
        ("1910-1994 (bulk 1922-1991)", ["1910-01-01/1994-12-31"], "1922-01-01/1991-12-31"),
        ("1901-1980, bulk 1950-1955", ["1901-01-01/1980-12-31"], "1950-01-01/1955-12-31"),
        ("bulk 1950-1955, 1901-1980", ["1901-01-01/1980-12-31"], "1950-01-01/1955-12-31"),
        ("(bulk 1925-1942)", ["1925-01-01/1942-12-31"], "1925-01-01/1942-12-31"),
    ],
)
def test_bulk_stands_apart_and_narrows_nothing(text: str, spans: list[str], bulk: str) -> None:
    dates = read_dates(text)
    assert [_written(span) for span in dates.spans] == spans
    assert dates.bulk is not None and _written(dates.bulk) == bulk


def test_bulk_in_a_date_of_its_own_is_joined_to_the_inclusive_one() -> None:
    joined = join_dates([read_dates("1731-1919"), read_dates("1790-1880", is_bulk=True)])
    assert joined == Dates((Span("1731-01-01", "1919-12-31"),), Span("1790-01-01", "1880-12-31"))
    alone = join_dates([read_dates("1790-1880", is_bulk=True)])
    assert alone.years == (1790, 1880)


@pytest.mark.parametrize(
    ("text", "normal", "spans"),
    [
        ("Summer `86", "1986-06/1986-08", ["1986-06-01/1986-08-31 supplied"]),
        ("undated", "1900/1950", ["1900-01-01/1950-12-31 supplied"]),
        ("", "1905-02", ["1905-02-01/1905-02-28"]),
        ("", "1991-05-09", ["1991-05-09"]),
        ("", "19910509", ["1991-05-09"]),
        ("", "19uu/1950", ["1900-01-01/1999-12-31"]),
        ("", "1950/1940", ["1940-01-01/1950-12-31 uncertain"]),
        ("", "1984~", ["1984-01-01/1984-12-31 approximate"]),
        ("", "2010-22", ["2010-06-01/2010-08-31"]),
        ("", "1905-02-30", ["1905-02-01/1905-02-28"]),
        ("", "0000/9999", []),
        ("", "1100/1999", []),
        ("29640", "1981/1981", ["1981-02-23"]),
        ("37021", "1905/1906", ["1905-01-01/1906-12-31"]),
    ],
)
def test_the_machine_date_counts_where_the_text_has_none(text: str, normal: str, spans: list[str]) -> None:
    assert [_written(span) for span in read_dates(text, normal).spans] == spans


@pytest.mark.parametrize(
    ("text", "normal", "differ"),
    [
        ("1935 July 18", "1835/1835", True),
        ("March 1905", "1905-04", True),
        ("circa 1905", "1900/1910", False),
        ("circa 1905", "1906", False),
        ("1905", "1905-03-02", False),
        ("undated", "1905", False),
    ],
)
def test_text_and_machine_date_that_differ_are_remarked(text: str, normal: str, differ: bool) -> None:
    dates = read_dates(text, normal)
    expected = f'the date reads "{text}" but its machine form "{normal}"' if differ else ""
    assert dates.remark == expected
    assert dates.spans == (read_dates(text).spans or dates.spans)


_PIECES = (
    "1905 1899 19 31 0 99 7 1731/2 191- 18uu 1890s 20th century , - – -- ; / & ? ( ) [ ] . ca. circa before after "
    "between and to bulk undated May sept. Winter février an VI 29640 99999 2099 9999 0000 early mid late first half "
    "13/13/1313 1905-02-31 present or later not no Prairial I XX ½ ² 🎻 \u200b n.d."
).split(" ")


def test_no_text_at_all_is_too_much_and_every_span_is_of_valid_days_in_order() -> None:
    chance = random.Random(4)
    read = 0
    for _ in range(10_000):
        words = chance.choices(_PIECES, k=chance.randint(1, 7))
        text = chance.choice(["", " "]).join(words)
        dates = read_dates(text, chance.choice(["", "1905/1910", "uuuu", "1905-13-99", "9999/0001"]))
        for span in [*dates.spans, *([dates.bulk] if dates.bulk else [])]:
            assert date.fromisoformat(span.first) <= date.fromisoformat(span.last), text
        read += bool(dates.spans)
    assert read > 5_000


@pytest.mark.parametrize(
    "text", ["1905, " * 5000, "May 1905 and " * 3000, "[" * 9000, "1905-" * 4000, "?" * 9000]
)
def test_a_hostile_date_is_read_in_part(text: str) -> None:
    dates = read_dates(text)
    assert len(dates.spans) <= 32
    assert dates.years in {(1905, 1905), (1905, 1915), None}
