"""What a study says, from measurements that were made up so that the right sentence is known."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import pytest

from train.curve.learning import Curve
from train.curve.measured import TOKENS, WHOLE, Marked, Measured, read_measured, write_measured
from train.curve.report import make_table, write_curve, write_tuned
from train.curve.study import Found, Point
from train.curve.tuning import Tuned, make_grid
from train.lora.errors import TrainingFailed


def measure(right: Sequence[int], *, tokens: int = 20, loss: float = 10.0, lessons: str = "a") -> Measured:
    """A held-out pair for each number of tokens foretold."""
    return Measured(
        lessons,
        tuple(Marked(f"p{place:03}", f"c{place:03}", tokens, one, loss) for place, one in enumerate(right)),
    )


def find(name: str, pairs: int, measured: Measured, **settings: object) -> Found:
    told = {
        "recipe": {"rate": 2e-4, "rank": 8, "epochs": 3},
        "steps": {"done": 30},
        "seconds": {"cpu": 12.5},
        "dataset": {"train": pairs},
    }
    return Found(Point(name, settings), told if pairs else {}, measured)


def make_curve(half: Sequence[int], whole: Sequence[int]) -> Curve:
    found = (find("50 %", 60, measure(half)), find("100 %", 120, measure(whole)))
    base = find("base, untrained", 0, measure([2] * len(half)))
    return Curve(base, found, found[1].measured.compare(found[0].measured)[TOKENS])


def test_figures_are_shares_of_tokens_and_of_answers() -> None:
    figures = measure([20, 10, 20, 10]).estimate()
    assert (figures[TOKENS].value, figures[TOKENS].count) == (0.75, 4)
    assert figures[WHOLE].value == 0.5
    assert figures["loss"].value == 0.5  # 10 nats over 20 tokens
    for name in (TOKENS, WHOLE):
        assert 0 <= figures[name].low < figures[name].value < figures[name].high <= 1


def test_a_long_answer_counts_by_its_tokens() -> None:
    marked = (Marked("a", "a", 90, 90, 9.0), Marked("b", "b", 10, 0, 41.0))
    figures = Measured("x", marked).estimate()
    assert (figures[TOKENS].value, figures[WHOLE].value, figures["loss"].value) == (0.9, 0.5, 0.5)


def test_more_data_that_brought_nothing_will_not_help() -> None:
    curve = make_curve([10, 12] * 200, [10, 12] * 200)
    assert curve.outlook == "does not help"
    assert curve.sentence.startswith("More data of this kind will not help: from 60 to 120 pairs ")
    assert "changed by +0.0 points" in curve.sentence and "400 questions" in curve.sentence


def test_more_data_that_brought_much_will_help() -> None:
    curve = make_curve([10, 12] * 40, [15, 16] * 40)
    assert curve.outlook == "helps"
    assert curve.sentence.startswith("More data of this kind will help, if it goes on as it did: ")
    assert "changed by +22.5 points" in curve.sentence


def test_few_questions_cannot_tell() -> None:
    curve = make_curve([10, 12, 14, 9, 3, 8], [13, 9, 16, 10, 9, 7])
    assert curve.outlook == "cannot be told"
    assert curve.sentence.startswith("Whether more data of this kind will help cannot be told yet: ")


def test_a_gain_below_a_point_is_no_promise() -> None:
    """Surely above nothing, but less than a point: no reason to collect twice as much."""
    half, whole = [100] * 400, [100, 101] * 200
    found = (
        find("50 %", 60, measure(half, tokens=200)),
        find("100 %", 120, measure(whole, tokens=200)),
    )
    gain = found[1].measured.compare(found[0].measured)[TOKENS]
    assert 0 < gain.value < 0.01
    assert Curve(found[0], found, gain).outlook != "helps"


def test_only_the_same_prompts_are_compared() -> None:
    with pytest.raises(
        TrainingFailed, match="Expected all runs of a study to be measured on the same prompts"
    ):
        measure([1, 2], lessons="a").compare(measure([1, 2], lessons="b"))


def test_what_was_measured_comes_back(tmp_path: Path) -> None:
    marked = [Marked("p1", "c1", 5, 4, 1.25), Marked("p2", "c1", 7, 7, 0.5)]
    write_measured(tmp_path / "m.json", "sha", marked)
    assert read_measured(tmp_path / "m.json") == Measured("sha", tuple(marked))


@pytest.mark.parametrize("marked", [[], [Marked("p", "c", 3, 1, float("nan"))]])
def test_nothing_measured_is_no_result(tmp_path: Path, marked: list[Marked]) -> None:
    with pytest.raises(TrainingFailed, match="Expected a loss for each of the held-out pairs"):
        write_measured(tmp_path / "m.json", "sha", marked)
    assert not list(tmp_path.iterdir())


def test_the_lowest_loss_is_best_and_chance_is_said() -> None:
    given = find("chosen automatically", 90, measure([10, 14] * 10, loss=12))
    close = find("rate 0.0004, rank 8, 2 epochs", 90, measure([11, 13] * 10, loss=11), rate=4e-4)
    tuned = Tuned(given, given, (close,))
    assert tuned.best is close
    assert tuned.sentence.startswith("The lowest loss has rate 0.0004, rank 8, 2 epochs; ")
    assert "no more than chance may do: +0.0 points" in tuned.sentence
    much = find("rate 0.0002, rank 16, 3 epochs", 90, measure([19, 20] * 10, loss=2))
    assert "that is better: +37.5 points" in Tuned(given, given, (close, much)).sentence
    worse = find("rate 0.1, rank 8, 2 epochs", 90, measure([0] * 20, loss=90))
    assert Tuned(given, given, (worse,)).sentence.startswith(
        "Keep the settings that are chosen automatically"
    )


def test_a_draw_keeps_what_is_given() -> None:
    given = find("chosen automatically", 90, measure([10] * 20))
    assert Tuned(given, given, (find("other", 90, measure([10] * 20)),)).best is given


def test_the_grid_is_every_combination() -> None:
    points = make_grid((1e-4, 2e-4), (8, 16), (3,))
    assert [point.name for point in points] == [
        "rate 0.0001, rank 8, 3 epochs",
        "rate 0.0001, rank 16, 3 epochs",
        "rate 0.0002, rank 8, 3 epochs",
        "rate 0.0002, rank 16, 3 epochs",
    ]
    assert points[1].settings == {"rate": 1e-4, "rank": 16, "epochs": 3}
    assert len({point.folder for point in make_grid()}) == len(make_grid()) == 12


def test_table_picture_and_file_tell_the_same(tmp_path: Path) -> None:
    curve = make_curve([10, 12] * 40, [15, 16] * 40)
    table = make_table("Learning curve", (curve.base, *curve.found))
    assert table.rows[2][:7] == ("100 %", "120", "0.0002", "8", "3", "30", "12")
    assert table.rows[2][8].startswith("77.5 % (") and table.rows[2][8].endswith("; 80)")
    assert table.rows[0][2:7] == ("", "", "", "", "")
    write_curve(tmp_path, curve)
    told = json.loads((tmp_path / "outcome.json").read_text())
    assert told["sentence"] == curve.sentence and told["outlook"] == "helps"
    assert [point["pairs"] for point in told["points"]] == [0, 60, 120]
    assert told["points"][2]["figures"]["tokens"]["value"] == pytest.approx(0.775)
    picture = ElementTree.parse(tmp_path / "outcome.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    circles = [float(one.get("cy", "")) for one in picture.iter(f"{space}circle")]
    assert len(circles) == 3 and circles[0] > circles[1] > circles[2]  # higher is better
    assert picture.findtext(f"{space}desc") == curve.sentence


def test_a_failed_point_and_hostile_names_are_told_plainly(tmp_path: Path) -> None:
    given = find("chosen automatically", 90, measure([10] * 20))
    other = find("<script>alert(1)</script>", 90, measure([19] * 20, loss=1.0))
    write_tuned(tmp_path, Tuned(given, given, (other,), (("rate 1", "The loss is no number."),)))
    told = json.loads((tmp_path / "outcome.json").read_text())
    assert told["failed"] == [{"name": "rate 1", "problem": "The loss is no number."}]
    assert told["best"] == "<script>alert(1)</script>"
    picture = (tmp_path / "outcome.svg").read_text()
    assert "<script" not in picture and ElementTree.fromstring(picture) is not None
