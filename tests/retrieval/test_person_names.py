"""Names as they are compared: one form for all the ways of writing one, and what tells two people apart."""

from __future__ import annotations

import pytest

from retrieval.implied.names import Name, could_be, fold_name, is_body, read_name, variants


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Browning, Dorothy, 1901-1988", "dorothy browning"),
        ("Dorothy Browning", "dorothy browning"),
        ("W[illia]m H[oward] Taft", "william howard taft"),
        ("Taft, William Howard, 1857-1930.", "william howard taft"),
        ("Wm. H. Taft", "william h taft"),
        ("T.S. Eliot", "t s eliot"),
        ("Eliot, T. S. (Thomas Stearns), 1888-1965", "t s eliot"),
        ("Rev. Lacey", "lacey"),
        ("Sir Charles Lyell", "charles lyell"),
        ("Johnstone, Barbara, Lady", "barbara johnstone"),
        ("William P. Mason, Jr.", "william p mason jr"),
        ("Snowden, Isaac Jr.", "isaac snowden jr"),
        ("Minto, Walter, Sr.", "walter minto sr"),
        ("Mrs. John Smith", "mrs john smith"),
        ("Mrs. Emma Dickson", "emma dickson"),
        ("Hofmannsthal, Hugo von", "hugo hofmannsthal"),
        ("Hugo von Hofmannsthal", "hugo hofmannsthal"),
        ("García Márquez, Gabriel, 1927-2014", "gabriel garcia marquez"),
        ("Franklin, Benjamin, active 18th century", "benjamin franklin"),
        ("Waldman, Anne, 1945-", "anne waldman"),
        ("Bailey, Isaac (1847-1914)", "isaac bailey"),
        ("Marsh, Ellen, 1880-1940, correspondent", "ellen marsh"),
        ("United States. Navy", "united states navy"),
        ("Elizabeth", "elizabeth"),
        ("", ""),
        ("1905", ""),
    ],
)
def test_one_form_to_compare_by(written: str, folded: str) -> None:
    assert fold_name(written) == folded


def test_a_name_is_taken_apart() -> None:
    assert read_name("Taft, William Howard, Jr., 1857-1930") == Name(
        ("william", "howard"), ("taft",), "", "jr"
    )
    assert read_name("Mme. de Staël") == Name((), ("stael",), "mme")
    assert read_name("Lincoln Highway Association") == Name(
        (), ("lincoln", "highway", "association"), is_body=True
    )


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("Taft, William Howard, 1857-1930", ("william howard taft", "william taft", "w h taft")),
        ("Eliot, T. S. (Thomas Stearns)", ("t s eliot", "t eliot", "thomas stearns eliot")),
        ("Dickson, Emma (Mrs. John Smith)", ("emma dickson", "e dickson", "mrs john smith")),
        ("Mason, Mary, née Wadley", ("mary mason", "m mason", "mary wadley")),
        ("Mary Wadley (Mason)", ("mary wadley", "m wadley", "mason wadley")),
        ("Rev. Lacey", ("lacey",)),
    ],
)
def test_other_forms_of_a_name(name: str, forms: tuple[str, ...]) -> None:
    assert variants(name) == forms


SAME = [
    ("taft", "Taft, William Howard, 1857-1930"),
    ("william taft", "W[illia]m H[oward] Taft"),
    ("w. h. taft", "William Howard Taft"),
    ("william howard taft", "W. H. Taft"),
    ("howard taft", "William Howard Taft"),
    ("president taft", "Taft, William Howard"),
    ("thomas stearns eliot", "Eliot, T. S. (Thomas Stearns), 1888-1965"),
    ("thomas eliot", "T. S. Eliot"),
    ("theron finley", "Theron W. Finley"),
    ("walter minto", "Walter Minto Sr."),
    ("walter minto sr", "Minto, Walter"),
    ("mrs. john smith", "Mrs. John Smith"),
    ("mrs. john smith", "Mrs. Smith"),
    ("emma dickson", "Dickson, Emma (Mrs. John Smith)"),
    ("mrs. emma dickson", "Dickson, Emma"),
    ("hugo von hofmannsthal", "Hofmannsthal, Hugo von"),
    ("gabriel garcía márquez", "García Márquez, Gabriel"),
    ("gabriel marquez", "García Márquez, Gabriel"),
    ("mary wadley", "Mason, Mary, née Wadley"),
    ("mary millis", "Mary Raoul Millis"),
    ("raoul", "Raoul family"),
    ("elizabeth", "Elizabeth"),
    ("david rittenhouse", "Rittenhouse"),
    ("william wilson", "Wm. Wilson"),
    ("lincoln highway", "Lincoln Highway Association"),
]
OTHERS = [
    ("robert taft", "William Howard Taft"),
    ("theron s. finley", "Theron W. Finley"),
    ("walter minto jr.", "Walter Minto Sr."),
    ("john smith", "Mrs. John Smith"),
    ("mrs. john smith", "John Smith"),
    ("samuel clemens", "Clemens, Will"),
    ("winslow homer", "Homer Winslow"),
    ("mary raoul", "Mary Raoul Millis"),
    ("mary raoul", "Raoul family"),
    ("emma", "Emma Dickson"),
    ("daniel hill", "Daniel Harvey"),
    ("lincoln society", "Lincoln Highway Association"),
    ("ellen marsh", ""),
]


@pytest.mark.parametrize(("asked", "name"), SAME)
def test_one_person_by_another_form(asked: str, name: str) -> None:
    assert could_be(asked.split(), name)


@pytest.mark.parametrize(("asked", "name"), OTHERS)
def test_two_people(asked: str, name: str) -> None:
    assert not could_be(asked.split(), name)


def test_bodies_are_told_by_their_words() -> None:
    assert is_body("Hudson & Goodwin") and is_body("United States. Navy")
    assert not is_body("Barzillai Hudson")
