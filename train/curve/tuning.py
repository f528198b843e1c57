"""A few settings tried in turn on the same pairs, and which did best: a small grid, or optuna's own choice.

What is chosen is chosen by the loss on held-out pairs, which says more than shares do where there are few;
so the best one's own figures look better than they are, and the exam, which no study touches, has the word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from train.curve.measured import TOKENS
from train.curve.study import Found, Point, Study
from train.evaluation.comparing import Difference
from train.lora.errors import TrainingFailed, TrainingRefused

RATES, RANKS, EPOCHS = (1e-4, 2e-4, 4e-4), (8, 16), (2, 3)
_SEED = 20240229


@dataclass(frozen=True, slots=True)
class Tuned:
    """Everything that was tried, in the order of trying; `given` is what is chosen without any tuning.

    `failed` are (point's name, why) of what came to nothing.
    """

    base: Found
    given: Found
    found: tuple[Found, ...]
    failed: tuple[tuple[str, str], ...] = ()

    @property
    def best(self) -> Found:
        """The one of the lowest loss; what is given wins a draw."""
        return min((self.given, *self.found), key=lambda one: one.measured.estimate()["loss"].value)

    @property
    def gain(self) -> Difference:
        """How much more of the tokens the best foretells than what is given."""
        return self.best.measured.compare(self.given.measured)[TOKENS]

    @property
    def sentence(self) -> str:
        """Which is best and whether that is more than chance, in plain words."""
        if self.best is self.given:
            return "Keep the settings that are chosen automatically: none that was tried has a lower loss."
        gain = self.gain
        rests = (
            f"{100 * gain.value:+.1f} points of the tokens of held-out answers (at least "
            f"{100 * gain.low:+.1f}, at most {100 * gain.high:+.1f}, each bound at 95 %; {gain.count} "
            "questions)"
        )
        told = (
            f"The lowest loss has {self.best.point.name}; beside the settings chosen automatically that is "
        )
        if gain.low > 0:
            return f"{told}better: {rests}. It was picked among {len(self.found)}, so expect a little less."
        return f"{told}no more than chance may do: {rests}. Keep the settings that are chosen automatically."


def tune(study: Study, points: Sequence[Point]) -> Tuned:
    """Run the given settings, then every point. A point that fails is left out, and said.

    Raises as `Study.run` does for the settings that are given, and TrainingPaused.
    """
    base = study.measure_base()
    given = study.run(Point("chosen automatically"))
    found, failed = [], []
    for point in points:
        try:
            found.append(study.run(point))
        except (TrainingFailed, TrainingRefused) as problem:
            failed.append((point.name, str(problem)))
    return Tuned(base, given, tuple(found), tuple(failed))


def make_grid(
    rates: Sequence[float] = RATES, ranks: Sequence[int] = RANKS, epochs: Sequence[int] = EPOCHS
) -> list[Point]:
    """Every combination."""
    return [
        _name({"rate": rate, "rank": rank, "epochs": many})
        for rate, rank, many in product(rates, ranks, epochs)
    ]


def tune_freely(
    study: Study, trials: int, ranks: Sequence[int] = RANKS, epochs: Sequence[int] = (1, 2, 3)
) -> Tuned:
    """As many trials as said, each settled by optuna (TPE) from those before; the same again for the same
    study. Raises TrainingRefused where optuna is not installed, and as `tune` does."""
    try:
        import optuna
    except ImportError as error:
        raise TrainingRefused(
            "Expected optuna, which is not installed. Install it (pip install reading-room[optuna]), or try "
            "a grid."
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    search = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=_SEED))
    base = study.measure_base()
    given = study.run(Point("chosen automatically"))
    found: list[Found] = []
    failed: list[tuple[str, str]] = []
    for _ in range(trials):
        trial = search.ask()
        point = _name(
            {
                "rate": float(f"{trial.suggest_float('rate', 5e-5, 8e-4, log=True):.2g}"),
                "rank": trial.suggest_categorical("rank", list(ranks)),
                "epochs": trial.suggest_categorical("epochs", list(epochs)),
            }
        )
        try:
            one = study.run(point)
        except (TrainingFailed, TrainingRefused) as problem:
            failed.append((point.name, str(problem)))
            search.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        search.tell(trial, one.measured.estimate()["loss"].value)
        if one.point.name not in {before.point.name for before in found}:
            found.append(one)
    return Tuned(base, given, tuple(found), tuple(failed))


def _name(settings: Mapping[str, Any]) -> Point:
    return Point(f"rate {settings['rate']:g}, rank {settings['rank']}, {settings['epochs']} epochs", settings)
