"""Differential privacy for one pair (DP-SGD, Abadi et al. 2016, arXiv 1607.00133). Experimental.

Opacus draws the batches, says how much noise is needed and reckons what was spent. The gradients are taken
one lesson at a time and cut here, not by Opacus's hooks: those left LoRA layers untrained in silence
(pytorch/opacus #820), and a hook that is passed by is not seen in any loss. What the guarantee does not cover
is said in the run's remarks: the loss curve, and the part held back, by which the best weights are chosen.
"""

from __future__ import annotations

import math
import secrets
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
from torch.utils.data import Sampler

from train.lora.errors import TrainingRefused
from train.lora.files import write_whole
from train.lora.lessons import Lesson
from train.lora.loss import add_up_loss
from train.lora.packing import make_row
from train.lora.passages import make_random

REMARK = (
    "Trained with differential privacy (experimental): epsilon {epsilon:.2f} at delta {delta:.1e} for each "
    "pair. The loss curve and the choice of the best weights by the part held back are not covered by it."
)
_SECRET = "chance.hex"
"""In the folder of checkpoints: from what noise and batches are drawn. Deleted with them; whoever knew it
could take the noise away again."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """What each step does: gradients of a lesson cut to the norm `clip`, noise of `noise` times that, and
    the sum over the expected `batch`. `rate` is the chance of each lesson to be in a step."""

    noise: float
    clip: float
    batch: int
    rate: float
    delta: float
    secret: str

    def spend(self, steps: int) -> float:
        """Epsilon after so many steps, by Opacus's accountant of Rényi differential privacy."""
        from opacus.accountants import RDPAccountant

        accountant = RDPAccountant()
        accountant.history = [(self.noise, self.rate, steps)]
        return float(accountant.get_epsilon(self.delta))

    def learn(self, model: torch.nn.Module, lessons: Sequence[Lesson], step: int) -> torch.Tensor:
        """Leave the noisy mean gradient of these lessons in the model; their mean loss."""
        trained = [value for value in model.parameters() if value.requires_grad]
        device = trained[0].device
        sums = [torch.zeros_like(value) for value in trained]
        total = torch.zeros((), device=device)
        for lesson in lessons:
            model.zero_grad()
            loss = add_up_loss(model, make_row([lesson]).to(device)) / len(lesson.answer)
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
            grads = [value.grad if value.grad is not None else torch.zeros_like(value) for value in trained]
            norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(one) for one in grads]))
            share = min(1.0, self.clip / (float(norm) + 1e-6))
            for whole, one in zip(sums, grads, strict=True):
                whole.add_(one, alpha=share)
        chance = self.make_generator("noise", step)
        for value, whole in zip(trained, sums, strict=True):
            drawn = torch.randn(whole.shape, generator=chance) * (self.noise * self.clip)
            value.grad = (whole + drawn.to(device)) / self.batch
        return total / max(1, len(lessons))

    def make_generator(self, *about: object) -> torch.Generator:
        """Chance that only the secret tells, the same when a run goes on."""
        seed = make_random(int(self.secret, 16), *about).getrandbits(63)
        return torch.Generator().manual_seed(seed)


class PoissonBatches(Sampler[list[int]]):
    """Each lesson in each step by chance, as the accountant presumes; drawn by Opacus's own sampler."""

    def __init__(self, many: int, privacy: Privacy) -> None:
        self.sampler = self
        self._many, self._privacy, self._epoch = many, privacy, 0

    def __len__(self) -> int:
        return math.ceil(self._many / self._privacy.batch)

    def __iter__(self) -> Iterator[list[int]]:
        from opacus.utils.uniform_sampler import UniformWithReplacementSampler

        chance = self._privacy.make_generator("order", self._epoch)
        yield from UniformWithReplacementSampler(
            num_samples=self._many, sample_rate=self._privacy.rate, generator=chance, steps=len(self)
        )

    def set_epoch(self, epoch: int) -> None:
        """The epoch that comes now, from 0."""
        self._epoch = epoch


def plan_privacy(epsilon: float, clip: float, lessons: int, batch: int, steps: int, root: Path) -> Privacy:
    """The noise that keeps a run within `epsilon` at a delta of a tenth of one in the lessons.

    Raises TrainingRefused where Opacus is not installed.
    """
    if find_spec("opacus") is None:
        raise TrainingRefused(
            "epsilon: differential privacy needs Opacus, which is not installed. Install it "
            "(pip install 'reading-room[privacy]'), or train without."
        )
    from opacus.accountants.utils import get_noise_multiplier

    kept = root / _SECRET
    if not kept.is_file():
        write_whole(kept, secrets.token_hex(32).encode())
        kept.chmod(0o600)
    rate, delta = min(1.0, batch / lessons), 0.1 / lessons
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # on its way to the right noise it passes ones for which bounds are loose
        noise = get_noise_multiplier(
            target_epsilon=epsilon, target_delta=delta, sample_rate=rate, steps=steps, accountant="rdp"
        )
    return Privacy(float(noise), clip, batch, rate, delta, kept.read_text().strip())
