"""Names that a title gives by its form."""

from __future__ import annotations

import pytest

from retrieval.formats.names import names_in_title


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("W[illia]m H[oward] Taft TLS to Harry W. Goddard; Washington", ["William Howard Taft", "Harry W. Goddard"]),
        ("Marsh, Ellen. ALS to Ruth Calloway; Tarbell Mills", ["Marsh, Ellen", "Ruth Calloway"]),
        ("T[homas] Parke ALS to Humphrey Marshall [Humphry Marshall], October 19, 1790",
         ["Thomas Parke", "Humphrey Marshall", "Humphry Marshall"]),
        ("Ellen Marsh to Thomas Marsh", ["Ellen Marsh", "Thomas Marsh"]),
        ("Letter from Lucien Harris, December 1, 1948", ["Lucien Harris"]),
        ("Letters to Emma Dickson", ["Emma Dickson"]),
        ("Stephen West DS to Charles and Ann Rich; Bridport", ["Stephen West", "Charles Rich", "Ann Rich"]),
        ("W[illia]m Allen Partially printed DS to Peter Whaley; Carlisle", ["William Allen", "Peter Whaley"]),
        ("Church, Norval L.", ["Church, Norval L."]),
        ("King, Lonnie, Tape 2, December 28, 1993", ["King, Lonnie"]),
        ("Hycliff Foundation, Inc.", []),
        ("Salt Lake City to New York Case", []),
        ("Rush, Benjamin", ["Rush, Benjamin"]),
        ("Allen, Ivan, Jr., Tape 3", ["Allen, Ivan, Jr."]),
        ("Swinford, The", []),
        ("Correspondence, Michigan", []),
        ("Photographs, General", []),
        ("Boston, Massachusetts", []),
        ("Turnpike Road from Harrow Point to Upper Senneck", []),
        ("A Plan to Drain the Marsh", []),
        ("Correspondence", []),
        ("1905, July-December", []),
    ],
)  # fmt: skip
def test_names_by_the_form_of_a_title(title: str, names: list[str]) -> None:
    assert names_in_title(title) == names
