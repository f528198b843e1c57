"""The embedding model while it learns: with adapter weights where it has a transformer that peft knows, and
with these merged into it at the end, so that what serves is one plain model."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.embedding.torch_embedder import load_sentence_model
from retrieval.errors import EmbedderError
from train.embedding.recipe import Method, Recipe
from train.lora.errors import TrainingRefused

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer


class Network:
    """A sentence-transformers model and those of its weights that learn, by name."""

    def __init__(self, model: SentenceTransformer, name: str, method: Method) -> None:
        self.model = model
        self.name = name
        self.method = method
        self.weights: dict[str, torch.nn.Parameter] = {
            key: weight for key, weight in model.named_parameters() if weight.requires_grad
        }

    def count(self) -> int:
        """How many numbers learn."""
        return sum(weight.numel() for weight in self.weights.values())

    def read(self) -> dict[str, torch.Tensor]:
        """A copy of the weights that learn."""
        return {name: weight.detach().cpu().clone() for name, weight in self.weights.items()}

    def write(self, weights: dict[str, torch.Tensor]) -> None:
        """Set the weights that learn."""
        import torch

        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(weights[name])

    def save(self, folder: Path) -> None:
        """Write `adapter/` where there is one, and `model/`, the whole with it merged. Ends the learning."""
        if self.method == "lora":
            adapted: Any = self.model[0].model
            for config in adapted.peft_config.values():
                config.base_model_name_or_path = self.name  # not where it lies on this machine
            # "auto" would ask the Hub whether the embedding layers were resized
            adapted.save_pretrained(str(folder / "adapter"), save_embedding_layers=False)
            (folder / "adapter" / "README.md").unlink(missing_ok=True)
            self.model[0].model = adapted.merge_and_unload()
        self.model.save_pretrained(str(folder / "model"), create_model_card=False)


def open_network(folder: Path, name: str, recipe: Recipe) -> Network:
    """The model in `folder`, its random choices by the seed. Raises TrainingRefused where it cannot learn."""
    import numpy as np
    import torch

    random.seed(recipe.seed)
    np.random.seed(recipe.seed)
    torch.manual_seed(recipe.seed)  # before the adapter, whose first weights are drawn
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        model = load_sentence_model(folder)
    except EmbedderError as problem:
        raise TrainingRefused(str(problem)) from problem
    if torch.cuda.is_available():
        model = model.to("cuda")
    if recipe.longest and recipe.longest < (model.max_seq_length or 512):
        model.max_seq_length = recipe.longest
    method: Method = "lora" if recipe.method == "lora" and _can_adapt(model) else "full"
    if method == "lora":
        _adapt(model, recipe)
    network = Network(model, name, method)
    if not network.weights:
        raise TrainingRefused(f"{name}: expected weights that can learn, found none. Name another model.")
    return network


def _can_adapt(model: SentenceTransformer) -> bool:
    from transformers import PreTrainedModel

    return isinstance(getattr(model[0], "model", None), PreTrainedModel)


def _adapt(model: SentenceTransformer, recipe: Recipe) -> None:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules="all-linear",
        exclude_modules=r".*pooler.*",  # which sentence-transformers does not ask
    )
    body: Any = model[0].model
    model[0].model = get_peft_model(body, config)
