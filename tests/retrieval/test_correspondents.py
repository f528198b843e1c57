"""Who wrote to whom: by titles, by the headings above, by notes; and nobody where it cannot be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from retrieval.implied.correspondents import Correspondents, find_correspondents, read_initials
from retrieval.implied.parties import is_person, read_parties
from retrieval.records import Record
from retrieval.spans import Span


def _record(title: str, *above: str, text: str = "", **fields: str) -> Record:
    values = {"collection": "Ellen Marsh papers", "creator": "Marsh, Ellen, 1880-1940", **fields}
    return Record(
        id="c/1", collection_id="c", level="item", title=title, text=text,
        breadcrumb=(values["collection"], *above), **values,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("title", "senders", "recipients"),
    [
        ("Winslow Homer ALS to Laura N[orcross ] Marrs; [Scarboro, Maine]", ["Winslow Homer"], ["Laura Norcross Marrs"]),
        ("W[illia]m H[oward] Taft TLS to Harry W. Goddard; Washington, [D.C.]", ["William Howard Taft"],
         ["Harry W. Goddard"]),
        ("Charles and Catherine Dickens ALS to J. H. Adams; Hartford", ["Charles Dickens", "Catherine Dickens"],
         ["J. H. Adams"]),
        ("N[oah] Webster ALS to [Barzillai] Hudson & [George] Goodwin; New York", ["Noah Webster"],
         ["Barzillai Hudson", "George Goodwin"]),
        ("Thomas Parke ALS to Humphrey Marshall [Humphry Marshall], October 19, 1790", ["Thomas Parke"],
         ["Humphrey Marshall", "Humphry Marshall"]),
        ("Charles Nisbet ALS; Carlisle, [Pennsylvania]", ["Charles Nisbet"], []),
        ("Brief von Marie Holm an Otto von Brandt, 4. 3. 1893", ["Marie Holm"], ["Otto von Brandt"]),
        ("Eigenhändiger Brief an Otto Brandt", [], ["Otto Brandt"]),
        ("Lettre autographe signée de Jeanne Duval à Pierre de Lorme, 1848", ["Jeanne Duval"], ["Pierre de Lorme"]),
        ("Carta de Juan Pérez a María Luz, 1900", ["Juan Pérez"], ["María Luz"]),
        ("Cartas de Juan Pérez", ["Juan Pérez"], []),
        ("Karte von Sachsen", [], []),
        ("Carta de Lisboa", [], []),
        ("Letters to and from Associates and Family of John Marsh", [], []),
        ("Elizabeth Ricord 2 ALsS to Peter Macarty; Woodbridge", ["Elizabeth Ricord"], ["Peter Macarty"]),
        ("AL to Mother; Camp Mills, Long Island, New York", [], []),
        ("Will H. Githens ALS to Wife; Near Alexandria, Virginia", ["Will H. Githens"], []),
        ("Geo[rge] McDowell & Son ALS to Lawrence Lewis; Baltimore", ["George McDowell & Son"], ["Lawrence Lewis"]),
        ("William P. Mason, Jr. ALS to William P. Mason; Vienna", ["William P. Mason, Jr."], ["William P. Mason"]),
        ("Elizabeth Frost DS to Thomas Lincoln; Boston", [], []),
        ("Henry Willis Partially printed DS to Tench Francis", [], []),
        ("Letter from Lucien Harris, December 1, 1948", ["Lucien Harris"], []),
        ("Letter from Joel Chandler Harris to Essie LaRose, April 15, 1901 (page 63)", ["Joel Chandler Harris"],
         ["Essie LaRose"]),
        ("Two notes (1918 and 1922) from Esther LaRose Harris (pages 7-8)", ["Esther LaRose Harris"], []),
        ("Photos of home in Eatonton, and letter (November 20, 1935) from Martha Berry", ["Martha Berry"], []),
        ("Letters from William B. Dickson (Emma's father) to Emma Dickson", ["William B. Dickson"], ["Emma Dickson"]),
        ("Letters to his sister Nanny Minto", [], ["Nanny Minto"]),
        ("Letters of Ruth Cunningham Raoul", ["Ruth Cunningham Raoul"], []),
        ("Correspondence, Joseph Howland to Wm. H. Wilson", ["Joseph Howland"], ["Wm. H. Wilson"]),
        ("Correspondence between Ellen Marsh and Ruth Calloway", ["Ellen Marsh", "Ruth Calloway"],
         ["Ellen Marsh", "Ruth Calloway"]),
        ("Telegram from Harry S. Truman to Dean Acheson, 4 May 1950", ["Harry S. Truman"], ["Dean Acheson"]),
        ("Ellen Marsh to Thomas Marsh, 16 April 1905", ["Ellen Marsh"], ["Thomas Marsh"]),
        ("Letters from various persons", [], []),
        ("Letter of recommendation to Harvard University", [], []),
        ('"Letters from the Earth" by Mark Twain', [], []),
        ("Salt Lake City to Omaha", [], []),
        ("Turnpike Road from Harrow Point to Upper Senneck", [], []),
        ("Wilson, Robert L.", [], []),
        ("Correspondence", [], []),
        ("", [], []),
    ],
)  # fmt: skip
def test_by_the_form_of_a_title(title: str, senders: list[str], recipients: list[str]) -> None:
    assert find_correspondents(_record(title)) == Correspondents(tuple(senders), tuple(recipients))


@pytest.mark.parametrize(
    ("above", "title", "senders", "recipients"),
    [
        (["By John Witherspoon to"], "Rush, Benjamin", ["John Witherspoon"], ["Rush, Benjamin"]),
        (["War-Time Correspondence", "Letters to Emma Dickson"], "Folder 4", [], ["Emma Dickson"]),
        (["Letters to Emma Dickson"], "From Leidy Olmsted", ["Leidy Olmsted"], ["Emma Dickson"]),
        (["Letters to Emma Dickson"], "Olmsted, Leidy", ["Olmsted, Leidy"], ["Emma Dickson"]),
        (["Letters from Emma Dickson to home"], "Folder 9", ["Emma Dickson"], []),
        (["Incoming correspondence"], "Cole, Ruth", ["Cole, Ruth"], ["Ellen Marsh"]),
        (["Incoming correspondence"], "1905", [], ["Ellen Marsh"]),
        (["Outgoing correspondence"], "Cole, Ruth", ["Ellen Marsh"], ["Cole, Ruth"]),
        (["Outgoing correspondence"], "1905-1907", ["Ellen Marsh"], []),
        (["Correspondence"], "Joy, Henry B.", ["Joy, Henry B."], ["Ellen Marsh"]),
        (["Correspondence"], "Joy, Henry: 1963, 1965, n.d.", ["Joy, Henry"], ["Ellen Marsh"]),
        (
            ["Briefwechsel"],
            "Brandt an Marie und Jutta Holm, [20. 12. 1921]",
            ["Brandt"],
            ["Marie Holm", "Jutta Holm"],
        ),
        (
            ["Briefwechsel"],
            "Hugo von Holm an Otto Brandt, [Ende Juni 1892]",
            ["Hugo von Holm"],
            ["Otto Brandt"],
        ),
        (
            ["Correspondence", "Joy, Henry B."],
            "October 14, 1911-March 3, 1913",
            ["Joy, Henry B."],
            ["Ellen Marsh"],
        ),
        (["Correspondence"], "I. G. Bailey, Jr., 1912-1913", ["I. G. Bailey, Jr."], ["Ellen Marsh"]),
        (["Correspondence"], "Yoch, James (University of Wexcombe)", ["Yoch, James"], ["Ellen Marsh"]),
        (["Correspondence"], "Marsh, Ellen", [], []),
        (["Correspondence"], "Scott to C.C. Gale, Public Works Department", ["Scott"], ["C.C. Gale"]),
        (["Correspondence"], "Skelton, Joseph, to Mary Minto", ["Skelton, Joseph"], ["Mary Minto"]),
        (["Correspondence"], "Thomas Minto to his parents", ["Thomas Minto"], []),
        (["Correspondence"], "Reply to Scott", [], []),
        (["Correspondence"], "Address to the history class", [], []),
        (["Correspondence"], "Publication Activities", [], []),
        (["Photographs"], "Joy, Henry B.", [], []),
        (["John Tailyour (1743-1815)", "Correspondence"], "Brand, John", ["Brand, John"], ["John Tailyour"]),
    ],
)
def test_by_the_headings_above(
    above: list[str], title: str, senders: list[str], recipients: list[str]
) -> None:
    assert find_correspondents(_record(title, *above)) == Correspondents(tuple(senders), tuple(recipients))


def test_a_lone_surname_among_letters_counts_where_it_has_a_day_of_its_own() -> None:
    dated = replace(_record("Rittenhouse", "Correspondence"), spans=(Span("1795-10-28", "1795-10-28"),))
    assert find_correspondents(dated) == Correspondents(("Rittenhouse",), ("Ellen Marsh",))
    assert find_correspondents(replace(dated, dates_inherited=True)) == Correspondents()
    assert find_correspondents(replace(dated, title="Invitations")) == Correspondents()


def test_the_author_of_a_book_of_letters_wrote_those_in_it() -> None:
    part = replace(
        _record("XIII. Proving Up", collection="Letters of a Woman Homesteader", creator="Elinore Stewart"),
        text="October 14, 1911.", transcribed=True,
    )  # fmt: skip
    assert find_correspondents(part) == Correspondents(("Elinore Stewart",))
    assert find_correspondents(replace(part, collection="Diary of a Homesteader")) == Correspondents()


def test_the_papers_of_a_body_have_no_person_for_a_recipient() -> None:
    record = _record(
        "Joy, Henry B.", "Correspondence", collection="Highway records", creator="Highway Association"
    )
    assert find_correspondents(record) == Correspondents(("Joy, Henry B.",), ())


@pytest.mark.parametrize(
    ("text", "senders", "recipients"),
    [
        ("Correspondence to: ND From: Leidy Olmsted", ["Leidy Olmsted"], ["Nellie Davis"]),
        ("From: Ruth Cole; To: Ellen Marsh. On the harvest.", ["Ruth Cole"], ["Ellen Marsh"]),
        ("Letter from Ruth Cole to Ellen Marsh, on the harvest.", ["Ruth Cole"], ["Ellen Marsh"]),
        ("Sender: Ruth Cole\nRecipient: Ellen Marsh", ["Ruth Cole"], ["Ellen Marsh"]),
        ("Correspondence to: XYZ From: Leidy Olmsted", ["Leidy Olmsted"], []),
        ("She moved from Boston to Paris in May.", [], []),
    ],
)
def test_by_the_note(text: str, senders: list[str], recipients: list[str]) -> None:
    initials = read_initials("Nellie Davis (ND) kept house with Nora D. Foote (NDF).")
    assert initials == {"ND": "Nellie Davis", "NDF": "Nora D. Foote"}
    found = find_correspondents(_record("May 1907", text=text), initials)
    assert found == Correspondents(tuple(senders), tuple(recipients))


@pytest.mark.parametrize(
    ("side", "names"),
    [
        ("F[ord] ", ["Ford"]),
        ("Marsh, Anne: 1959, 1963, n.d.", ["Marsh, Anne"]),
        ("Marsh, Anne [letters and ms.]: 1974", ["Marsh, Anne"]),
        ("Marsh, Anne [to and from]", ["Marsh, Anne"]),
        ("George and John [Johnstone]", ["George Johnstone", "John Johnstone"]),
        ("C. Young, Secretary, WWF", ["C. Young"]),
        ("R. Andrews, Port Phillip R.S. and S. Stevedoring Co", ["R. Andrews"]),
        ("Walter Minto, Sr. and/or wife", ["Walter Minto, Sr."]),
        ("Governor [Thomas Sim] Lee", ["Governor Thomas Sim Lee"]),
        ("his parents", []),
        ("all unions", []),
        ("PN0001", []),
        ("various persons", []),
    ],
)
def test_the_names_on_one_side(side: str, names: list[str]) -> None:
    assert read_parties(side) == tuple(names)


@pytest.mark.parametrize(
    ("title", "yes"),
    [
        ("Joy, Henry B.", True),
        ("Susie E. Bailey, 1910-1914", True),
        ("Lord Buchan", True),
        ("Ruth Calloway", True),
        ("Publication Activities", False),
        ("Hycliff Foundation, Inc.", False),
        ("Mary Raoul papers", False),
        ("Boston, Massachusetts", False),
        ("Correspondence", False),
    ],
)
def test_what_is_a_persons_name(title: str, yes: bool) -> None:
    assert is_person(title) is yes


@pytest.mark.parametrize(
    ("title", "senders", "recipients"),
    [
        ("Ellen Marsh to Thomas Marsh", ("Ellen Marsh",), ("Thomas Marsh",)),
        ("Adams to Burns", (), ()),
        ("Adams, John to Burns, Ann", (), ()),
        ("Route to Salt Lake City", (), ()),
    ],
)
def test_a_folder_of_an_inventory_names_both_by_full_names_or_is_a_range(
    title: str, senders: tuple[str, ...], recipients: tuple[str, ...]
) -> None:
    folder = replace(_record(title, collection="Inventory"), level="file")
    assert find_correspondents(folder) == Correspondents(senders, recipients)
