"""What an answer says against what its passages show."""

from __future__ import annotations

import pytest

from tests.train.checks.made import ACCOUNTS, GOOD, LETTER, find, vary
from train.pairs.pair import Evidence, Pair


def words_of(
    answer: str,
    *,
    code: str = "unsupported",
    evidence: tuple[Evidence, ...] = (LETTER, ACCOUNTS),
    **more: str,
) -> list[str]:
    return [finding.words for finding in find(vary(answer=answer, evidence=evidence, **more), code)]


@pytest.mark.parametrize(
    "answer",
    [
        "Yes: her letter of 16 April 1905 to Thomas Marsh, in Box 3, Folder 1 [1].",
        "Yes: her letter of April 16, 1905 to Thomas, box 3, f. 1 [1].",
        "Ellen wrote on 1905-04-16 of the flood of 14 April [1].",
        "E. Marsh wrote to T. Marsh on 16.4.1905 [1].",
        "Silas Whitcomb kept two volumes, 1881-1902 (bx. 11) [2].",
        "Whitcomb, Silas, was treasurer; there are 2 volumes in Box 11 [2].",
        "The two volumes are from the 1880s and later [2].",
        "See the Marsh Family Papers [1] and the Creamery Association Records [2].",
        "The bridge went in the Senneck flood [1].",
        "Ja: Ellen Marshs Brief vom 16. April 1905 an Thomas Marsh, Schachtel 3, Mappe 1 [1].",
        "Oui : la lettre d'Ellen Marsh du 16 avril 1905 à Thomas Marsh, boîte 3, dossier 1 [1].",
        "Sí: la carta de Ellen Marsh del 16 de abril de 1905, caja 3, carpeta 1 [1].",
    ],
)
def test_what_is_shown(answer: str) -> None:
    assert words_of(answer) == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Yes: her letter of 17 April 1905 to Thomas Marsh [1].", ["17 April 1905"]),
        ("Yes: her letter of 16 April 1906 to Thomas Marsh [1].", ["16 April 1906"]),
        ("The flood was in May 1905 [1].", ["May 1905"]),
        ("It lies in Box 9, Folder 1 [1].", ["Box 9"]),
        ("It lies in box 9, f. 3 [1].", ["box 9"]),
        ("It lies in Box 3, fol. 2 [1].", ["fol. 2"]),
        ("Yes, the letter that Ellen Denholm wrote on the flood [1].", ["Ellen Denholm"]),
        ("Helen Marsh wrote of the Senneck flood [1].", ["Helen Marsh"]),
        ("Silas Whitcomb kept three volumes [2].", ["three"]),
        ("There are 24 letters by Ellen Marsh [1].", ["24"]),
        ("The letter is MS 202, Box 3 [1].", ["MS 202"]),
        ("The volumes are from the 1910s [2].", ["1910s"]),
        ("Der Brief von Ellen Marsh ist vom 16. Mai 1905 [1].", ["16. Mai 1905"]),
        ("La lettre d'Ellen Marsh est dans la boîte 4 [1].", ["boîte 4"]),
        ("Silas Whitcomb kept two volumes [1].", ["two", "Silas Whitcomb"]),
    ],
)
def test_what_is_not_shown(answer: str, words: list[str]) -> None:
    found = find(vary(answer=answer, evidence=(LETTER, ACCOUNTS)), "unsupported")
    assert sorted(finding.words for finding in found) == sorted(words)
    assert {finding.severity for finding in found} == {"warn"}
    assert all(answer[finding.start : finding.end] == finding.words for finding in found)


def test_where_it_stands_is_said() -> None:
    (found,) = find(
        vary(answer="The treasurer was Silas Whitcomb [1].", evidence=(LETTER, ACCOUNTS)), "unsupported"
    )
    assert found.sentence == "The name “Silas Whitcomb” is not in passage [1]. It stands in [2]: cite that."


def test_a_shelf_mark_may_stand_in_the_ids() -> None:
    assert words_of("The letter is MS 101, Box 3 [1].") == []


def test_what_was_asked_for_may_be_denied() -> None:
    asked = "Is there anything by Helen Marsh?"
    assert (
        words_of(
            "There is nothing by Helen Marsh, but the papers hold Ellen Marsh's letter [1].", question=asked
        )
        == []
    )


def test_a_sentence_of_other_words() -> None:
    (found,) = find(
        vary(answer="Everyone agreed afterwards that rebuilding became impossible without steel [1]."),
        "unsupported",
    )
    assert found.sentence.startswith("Hardly a word of the sentence “Everyone agreed afterwards")


def test_no_passage_at_all() -> None:
    (found,) = find(vary(evidence=()), "unsupported")
    assert found.severity == "stop"


def test_a_refusal_needs_no_passage() -> None:
    assert find(vary(kind="refusal", evidence=(), answer="x 1906"), "unsupported") == []


GERMAN = Evidence(
    record_id="n1",
    collection_id="n",
    heading="Käthe Müller an Ernst Weiß, 3. Mai 1912 (Schachtel 2, Mappe 7)",
    text="Die Reise nach Königsberg war beschwerlich, doch die Mutter ist wohlauf.",
)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Ja, der Brief von Käthe Müller an Ernst Weiß über die Reise nach Königsberg [1].", []),
        ("Ja, der Brief Käthe Müllers vom 3.5.1912, Schachtel 2 [1].", []),
        ("Ja, der Brief von Käthe Schmidt an Ernst Weiß über die Reise [1].", ["Käthe Schmidt"]),
        ("Yes, a letter of May 3, 1912, in Box 2, Folder 7, by Kathe Muller [1].", []),
        ("Ja, der Brief liegt in der Schachtel 3 [1].", ["Schachtel 3"]),
    ],
)
def test_in_german(answer: str, words: list[str]) -> None:
    pair = Pair(
        id="g", question="Gibt es Briefe über Königsberg?", answer=answer, evidence=(GERMAN,), language="de"
    )
    assert [finding.words for finding in find(pair, "unsupported")] == words


def test_the_sample_pair_is_supported() -> None:
    assert find(GOOD, "unsupported") == []
