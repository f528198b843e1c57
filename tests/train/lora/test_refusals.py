"""What a run is not begun for: one line that says what was expected, what found and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.prompt import REFUSAL
from serve.adapters.base import weights_sha256 as served_sha256
from tests.train.datasets.made_pairs import make_pair, make_refusal
from tests.train.lora.made import QUICK, make_base, make_dataset, make_pairs, make_quoting
from train.datasets.folder import DatasetFolder
from train.lora.__main__ import main
from train.lora.base import open_reader, read_base, weights_sha256
from train.lora.choosing import Device
from train.lora.contradictions import find_contradictions
from train.lora.errors import TrainingRefused
from train.lora.events import read_events
from train.lora.passages import BorrowedPassages
from train.lora.plan import Plan, read_plan, write_plan
from train.lora.preparing import open_material, part_material, prepare
from train.lora.recipe import Recipe
from train.lora.starting import estimate_run
from train.pairs.pair import Pair

SERIOUS = {**QUICK, "smoke": False}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("base") / "small")


def recipe_of(**asked: object) -> Recipe:
    from train.lora.choosing import choose_recipe

    return choose_recipe(60, Device(), {**SERIOUS, **asked}).recipe


def try_material(plan: Plan, base: Path, **asked: object) -> tuple[str, ...]:
    """The remarks of what may be learnt from; raises TrainingRefused."""
    dataset, pairs, remarks = open_material(plan, read_base(base))
    return part_material(dataset, pairs, recipe_of(**asked), remarks).remarks


def make_contradiction(pairs: list[Pair]) -> list[Pair]:
    """One pair more, with the question of another and the other answer."""
    first = pairs[0]
    return [*pairs, replace(first, id="p0999", answer=REFUSAL, kind="refusal", evidence=())]


def test_an_ordinary_dataset_is_parted_by_sources(base: Path, tmp_path: Path) -> None:
    version = make_dataset(tmp_path, make_pairs(80), base)
    dataset, pairs, remarks = open_material(Plan(base=base, dataset=version.path), read_base(base))
    material = part_material(dataset, pairs, recipe_of(), remarks)
    assert material.promotable and len(material.train) + len(material.held) == len(version.train()) == 70
    assert len(material.held) == 10
    ours, held = ({i.record_id for p in part for i in p.evidence} for part in (material.train, material.held))
    assert not ours & held
    assert not {member.pair.id for member in version.exam()} & {
        pair.id for pair in (*material.train, *material.held)
    }


@pytest.mark.parametrize(
    ("pairs", "asked", "said"),
    [
        (lambda: make_pairs(30), {}, "Expected 50 pairs at least, found 23: "),
        (
            lambda: make_contradiction(make_pairs(80)),
            {},
            "Expected pairs that agree, found 1 contradictions (p0000 and p0999",
        ),
        (lambda: [make_refusal(n) for n in range(80)], {}, "found 70 pairs that all say “not found”"),
    ],
)
def test_datasets_that_will_not_do(
    base: Path, tmp_path: Path, pairs: Callable[[], list[Pair]], asked: dict[str, object], said: str
) -> None:
    version = make_dataset(tmp_path, pairs(), base)
    with pytest.raises(TrainingRefused) as refused:
        try_material(Plan(base=base, dataset=version.path), base, **asked)
    assert said in str(refused.value)


def test_a_trial_is_made_of_them_where_one_is_asked_for(base: Path, tmp_path: Path) -> None:
    version = make_dataset(tmp_path, make_contradiction(make_pairs(30)), base)
    remarks = try_material(Plan(base=base, dataset=version.path), base, smoke=True)
    assert any(remark.startswith("A trial only (") for remark in remarks)


def test_one_source_alone_is_refused(base: Path, tmp_path: Path) -> None:
    pairs = [*(make_pair(n, "r-only") for n in range(70)), *(make_pair(n) for n in range(100, 108))]
    version = make_dataset(tmp_path, pairs, base)
    alone = [pair for pair in pairs if pair.evidence[0].record_id == "r-only"]
    with pytest.raises(TrainingRefused, match="found 70 pairs that all hang together by their records"):
        part_material(version, alone, recipe_of(), ())
    material = part_material(version, alone, recipe_of(smoke=True), ())
    assert (len(material.train), material.held, material.promotable) == (70, (), False)


def test_nothing_to_learn_from(base: Path, tmp_path: Path) -> None:
    version = make_dataset(tmp_path, make_pairs(12), base)
    everything = tuple(member.pair.id for member in version.train())
    plan = Plan(base=base, dataset=version.path, withdrawn=everything)
    with pytest.raises(TrainingRefused, match="Expected pairs to learn from, found none"):
        try_material(plan, base, smoke=True)


def test_too_many_refusals_are_left_out_and_said(base: Path, tmp_path: Path) -> None:
    pairs = [make_quoting(n) if n % 2 else make_refusal(n) for n in range(120)]
    version = make_dataset(tmp_path, pairs, base)
    dataset, found, remarks = open_material(Plan(base=base, dataset=version.path), read_base(base))
    material = part_material(dataset, found, recipe_of(), remarks)
    every = (*material.train, *material.held)
    share = sum(pair.kind == "refusal" for pair in every) / len(every)
    assert 0.15 < share <= 0.2 and any("more than 20% teach to refuse" in said for said in material.remarks)


def test_a_share_is_part_of_a_larger_one_and_what_is_held_back_stays(base: Path, tmp_path: Path) -> None:
    version = make_dataset(tmp_path, make_pairs(80), base)
    dataset, pairs, remarks = open_material(Plan(base=base, dataset=version.path), read_base(base))
    quarter, half, whole = (
        part_material(dataset, pairs, recipe_of(share=share), remarks) for share in (0.25, 0.5, 1.0)
    )
    assert [len(one.train) for one in (quarter, half, whole)] == [15, 30, 60]
    assert set(quarter.train) < set(half.train) < set(whole.train)
    assert quarter.held == half.held == whole.held
    assert (quarter.promotable, whole.promotable) == (False, True)


@pytest.fixture()
def version(base: Path, tmp_path: Path) -> DatasetFolder:
    return make_dataset(tmp_path / "version", make_pairs(80), base)


def test_a_base_that_changed_under_the_dataset(base: Path, version: DatasetFolder, tmp_path: Path) -> None:
    other = make_base(tmp_path / "other", seed=1)
    with pytest.raises(TrainingRefused) as refused:
        open_material(Plan(base=other, dataset=version.path), read_base(other))
    assert f"was made beside the base {weights_sha256(base)[:12]}…" in str(refused.value)
    assert weights_sha256(other) == served_sha256(other) != served_sha256(base)


def test_a_version_that_was_tampered_with(base: Path, version: DatasetFolder) -> None:
    file = version.path / "pairs.jsonl"
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b"Yes", b"Yea", 1))
    with pytest.raises(TrainingRefused, match="cannot be trusted.*expected SHA-256"):
        open_material(Plan(base=base, dataset=version.path), read_base(base))


def test_what_does_not_fit_the_context_is_refused_or_left_out(base: Path, tmp_path: Path) -> None:
    pairs = [*make_pairs(80), make_quoting(90, answer="word " * 900 + "[1].")]
    version = make_dataset(tmp_path, pairs, base)
    dataset, found, remarks = open_material(Plan(base=base, dataset=version.path), read_base(base))
    long = replace(found[0], answer="word " * 900 + "[1].", kind="answer")
    reader = open_reader(base)
    for leave_out in (False, True):
        recipe = recipe_of(leave_out=leave_out)
        material = part_material(dataset, [*found[1:], long], recipe, remarks)
        passages = BorrowedPassages(found, 0)
        if not leave_out:
            with pytest.raises(TrainingRefused, match=f"pair {long.id}: expected an answer of"):
                prepare(material, passages, reader, recipe)
        else:
            prepared = prepare(material, passages, reader, recipe)
            assert any(said.startswith(f"Pair {long.id} is left out: ") for said in prepared.remarks)
            assert len(prepared.train) + len(prepared.held) == len(material.train) + len(material.held) - len(
                [one for one in prepared.remarks if "is left out" in one]
            )


def test_contradictions_need_the_same_question_and_the_same_passage() -> None:
    one = make_pair(1, answer="Yes, in Box 4 [1].")
    assert find_contradictions([one, replace(one, id="p9", answer="No [1].")])[0][:2] == ("p0001", "p9")
    assert (
        find_contradictions([one, replace(one, id="p9", question="Where is the mill?", answer="No [1].")])
        == []
    )
    assert find_contradictions([one, replace(one, id="p9")]) == []


def test_the_command_refuses_in_one_line_and_keeps_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, said in ((tmp_path / "none", "Expected plan.json in"), (tmp_path, "Expected plan.json in")):
        assert main([str(folder)]) == 2
        printed = capsys.readouterr().err
        assert printed.startswith(said) and printed.count("\n") == 1
    assert [event.type for event in read_events(tmp_path / "events.jsonl")] == ["refused"]
    write_plan(tmp_path, Plan(base=tmp_path / "no-base", dataset=tmp_path / "no-version"))
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("Expected the base model in ")
    assert not (tmp_path / "started.json").exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"base": 3, "dataset": "d"}', '{"base": "b", "dataset": "d", "x": 1}']
)
def test_a_plan_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(TrainingRefused, match=r"plan\.json"):
        read_plan(tmp_path)


@pytest.mark.parametrize(
    ("name", "data"), [("config.json", b"{}"), ("model.safetensors", b"\0" * 64), ("config.json", b"[")]
)
def test_a_base_that_is_none(base: Path, tmp_path: Path, name: str, data: bytes) -> None:
    spoilt = tmp_path / "spoilt"
    shutil.copytree(base, spoilt)
    (spoilt / name).write_bytes(data)
    with pytest.raises(TrainingRefused, match="Expected the base model in"):
        read_base(spoilt)


def test_what_a_run_would_take_is_known_before_it(base: Path, version: DatasetFolder, tmp_path: Path) -> None:
    plan = Plan(base=base, dataset=version.path, recipe=SERIOUS)
    told = estimate_run(plan, tmp_path, read_base(base), open_reader(base), Device("cpu", 1))
    assert told["steps"] == 30 and told["pairs"]["train"] == 60 and told["promotable"] is True
    assert 0 < told["seconds"][0] < told["seconds"][1] < told["seconds"][2] < 600
    assert 700 * 2**20 < told["memory"] < 2**30 and told["memory"] < told["memory_free"]
    assert told["sentence"].startswith("About ") and told["recipe"]["rank"] == 8
    assert list(tmp_path.glob("started.json")) == []
