"""What a card says, and what it leaves unsaid."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.train.card.made import BASE, VERSION, make_result, make_subject
from train.card.base_facts import describe_base
from train.card.card import Card, Subject, describe_card
from train.card.lineage import digest_text, make_lineage, read_lineage
from train.card.making import make_card


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return make_subject(tmp_path_factory.mktemp("version"))


def tell(card: Card, key: str) -> str:
    """All of a section, as one text."""
    section = next(section for section in card.sections if section.key == key)
    cells = [cell for table in section.tables for row in table.rows for cell in row]
    return "\n".join([*section.sentences, *cells, *section.code])


def find_row(card: Card, key: str, first: str) -> tuple[str, ...]:
    section = next(section for section in card.sections if section.key == key)
    return next(row for table in section.tables for row in table.rows if row[0] == first)


def make_bare(**changed: object) -> Subject:
    """A version that was brought from elsewhere: its weights are all there is."""
    told = {
        "version": VERSION,
        "sha256": "a" * 64,
        "base_sha256": BASE,
        "rank": 8,
        "targets": ("q_proj",),
        "library": "Harrow Point Library",
        "lineage": read_lineage({}),
        **changed,
    }
    return Subject(**told)  # type: ignore[arg-type]


def test_tells_the_run_as_it_was_kept(subject: Subject) -> None:
    card = make_card(subject)
    assert "Run run-1 took 22 of at most 44 steps, over 10000 tokens." in tell(card, "training")
    assert "Kept is what there was after step 11." in tell(card, "training")
    assert find_row(card, "training", "epochs") == ("epochs", "2", "given")
    assert find_row(card, "training", "rank") == ("rank", "8", "chosen automatically")
    assert find_row(card, "training", "valid_lowest") == ("valid_lowest", "1.5")
    assert digest_text("Say it briefly.") in tell(card, "training")
    assert find_row(card, "again", "seed all") == ("seed all", "7")
    assert find_row(card, "again", "version of torch") == ("version of torch", "2.13.0")
    assert f"reading-room train reproduce {VERSION}" in tell(card, "again")


def test_says_what_was_measured_and_what_estimated(subject: Subject) -> None:
    card = make_card(subject)
    assert find_row(card, "cost", "CPU time") == ("CPU time", "7200 s (2.0 h)", "measured")
    assert find_row(card, "cost", "Most memory at once")[1:] == ("3.00 GiB", "measured")
    assert find_row(card, "cost", "Energy") == (
        "Energy",
        "0.02 kWh",
        "estimated: reckoned at 10 W for each busy core",
    )


@pytest.mark.parametrize(
    ("energy", "row"),
    [
        ({"kwh": 0.5, "measured": True, "how": "RAPL"}, ("0.5 kWh", "measured: RAPL")),
        (
            {"kwh": 0.5, "measured": False, "co2_kg": 0.25},
            ("0.5 kWh, 0.25 kg of CO2 equivalent", "estimated"),
        ),
        ({"kwh": 0.5}, ("0.5 kWh", "not known how")),
        ({"kwh": True}, ("not known", "")),
        ({}, ("not known", "")),
    ],
)
def test_energy_is_never_said_without_how_it_is_known(
    energy: dict[str, object], row: tuple[str, str]
) -> None:
    lineage = read_lineage({"recipe": {"rank": 8}, "energy": energy})
    assert find_row(make_card(make_bare(lineage=lineage)), "cost", "Energy")[1:] == row


def test_every_score_has_its_bounds_and_its_questions(subject: Subject) -> None:
    card = make_card(subject)
    name, base, candidate = find_row(card, "scores", "right answers, grounded in the passages")
    assert base.startswith("0.125 (") and base.endswith("; 8)")
    assert candidate.startswith("0.750 (") and " to " in candidate and candidate.endswith("; 8)")
    assert "Question by question beside the base: 5 fixed, 0 broken, 3 the same." in tell(card, "scores")
    differences = next(s for s in card.sections if s.key == "scores").tables[1]
    row = next(row for row in differences.rows if row[0] == name)
    assert row[1] == "+0.625" and float(row[2]) < 0.625 < float(row[3]) and row[4] == "8 in 8 groups"
    scores = card.front["reading_room"]["scores"]["grounded_correctness"]
    assert scores["low"] < scores["value"] == 0.75 < scores["high"] and scores["count"] == 8


def test_pairs_that_were_withdrawn_since_are_told(subject: Subject) -> None:
    assert "withdrawn since" not in tell(make_card(subject), "limits")
    told = tell(make_card(replace(subject, withdrawn_since=2)), "limits")
    assert "2 pairs that it was trained on may not be used any more: withdrawn since." in told


def test_a_figure_without_an_interval_is_no_score(subject: Subject) -> None:
    report = {"versions": {"candidate": {"name": "x", "figures": {"token_f1": {"value": 0.9, "count": 5}}}}}
    card = make_card(make_bare(report=report))
    assert "0.9" not in tell(card, "scores") and "scores" not in card.front["reading_room"]
    nothing = {"value": None, "low": None, "high": None, "count": 0}
    report = {"versions": {"candidate": {"figures": {"token_f1": nothing}}}}
    assert "F1" not in tell(make_card(make_bare(report=report)), "scores")


def test_tells_the_gate_and_who_decided(subject: Subject) -> None:
    card = make_card(subject)
    assert tell(card, "gate").startswith(f"Verdict: {subject.gate['verdict']}. ")
    assert [row[0] for row in next(s for s in card.sections if s.key == "gate").tables[0].rows] == [
        stage["name"] for stage in subject.gate["stages"]
    ]
    assert find_row(card, "decisions", "2026-11-22T09:00:00+00:00")[1:4] == ("Ada", "keep", "Too few votes.")
    assert "It has not passed the gate" in tell(card, "limits")


def test_tells_the_dataset_but_not_whose_work_it_is(subject: Subject) -> None:
    card = make_card(subject)
    assert subject.dataset is not None
    counts = subject.dataset.counts
    assert f"{counts['pairs']} pairs to train on and {counts['exam']} held out" in tell(card, "data")
    assert find_row(card, "data", "CC0-1.0")[1] == "120"
    whole = tell(card, "data")
    assert "All 120 pairs were contributed by one person." in whole and " ada." not in whole
    assert "All 120 pairs were approved by one person." in whole and " ben." not in whole
    assert "All 120 pairs rest on one file." in whole and "marsh.xml" not in whole


def test_what_is_not_known_is_said_to_be_not_known() -> None:
    card = make_card(make_bare())
    assert tell(card, "data") == "What it was trained on is not known: it was not trained here."
    assert tell(card, "training") == "How it was trained is not known: it was not trained here."
    assert tell(card, "cost") == "Time, memory and energy of its training are not known."
    assert "how good its answers are is not known" in tell(card, "scores")
    assert tell(card, "gate") == "The gate has not judged it."
    assert tell(card, "decisions") == "Nobody has decided on it yet."
    assert "It cannot be made again here" in tell(card, "again")
    assert "not known, whose licence is not known" in tell(card, "base")
    limits = tell(card, "limits")
    assert "It was not trained by this program" in limits and "No exam" in limits and "No gate" in limits
    assert "differential privacy" not in limits


@pytest.mark.parametrize("key", ["run", "base", "dataset", "recipe", "steps", "energy", "automatic", "seeds"])
@pytest.mark.parametrize("value", [None, 7, -1, True, "x", [1, {}], {"a": [None]}])
def test_a_lineage_that_somebody_made_up_breaks_nothing(key: str, value: object) -> None:
    lineage = read_lineage({"run": "r", "dataset_sha256": "d", "recipe": {"rank": 8}, key: value})
    assert make_card(make_bare(lineage=lineage)).sections[0].key == "use"


def test_a_lineage_keeps_no_folder_and_no_instructions(subject: Subject, tmp_path: Path) -> None:
    from train.lora.plan import Plan

    assert subject.dataset is not None
    plan = Plan(
        base=tmp_path / "reader",
        dataset=tmp_path / "set",
        index=tmp_path / "index",
        embedder=str(tmp_path / "embedder"),
        instructions="Name nobody.",
    )
    told = str(make_lineage(run="run-1", plan=plan, result=make_result(), dataset=subject.dataset))
    assert str(tmp_path) not in told and "Name nobody." not in told
    assert "'embedder': 'embedder'" in told and digest_text("Name nobody.") in told


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, {"name": "reader", "licence": ""}),
        ({"README.md": "---\nlanguage: en\nlicense: apache-2.0\n---\n# R"}, {"licence": "apache-2.0"}),
        ({"README.md": "---\nlicense: other\nlicense_name: our-own\n---\n"}, {"licence": "other"}),
        ({"README.md": "license: mit\n"}, {"licence": ""}),
        ({"manifest.json": '{"name": "a/b", "licence": "CC0-1.0"}'}, {"name": "a/b", "licence": "CC0-1.0"}),
        ({"config.json": '{"_name_or_path": "org/model"}'}, {"name": "org/model"}),
        ({"config.json": '{"_name_or_path": "/home/ada/model"}'}, {"name": "reader"}),
        ({"config.json": "[", "manifest.json": "7"}, {"name": "reader"}),
    ],
)
def test_a_base_says_its_name_and_licence_itself(
    tmp_path: Path, files: dict[str, str], told: dict[str, str]
) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    assert {key: describe_base(folder)[key] for key in told} == told


def test_programs_and_the_desk_get_the_same_plain_texts(subject: Subject) -> None:
    told = describe_card(make_card(subject))
    assert json.loads(json.dumps(told)) == told
    assert [section["key"] for section in told["sections"]] == [
        "use",
        "base",
        "data",
        "training",
        "scores",
        "gate",
        "decisions",
        "limits",
        "cost",
        "again",
    ]
    assert told["sections"][6]["tables"][0]["rows"] == [
        ["2026-11-22T09:00:00+00:00", "Ada", "keep", "Too few votes.", ""]
    ]
