"""The two adapters: their wordings, and a trained one as peft loads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from demo.training import export
from demo.training.adapters import train_adapter, word_formally, word_tersely
from demo.training.corpus import Corpus
from demo.training.model import ReaderModel, Shape
from demo.training.questions import Asked, refuse
from demo.training.rows import Writer
from demo.training.tokens import save_tokenizer


def test_wordings_differ_and_keep_quotes_and_numbers() -> None:
    plain = Asked("Any?", 'Yes: "A, 1905 (Box 1)" [2] and "B "inner" C" [3].', "holdings", (2, 3))
    terse = '"A, 1905 (Box 1)" [2]; "B "inner" C" [3]'
    assert word_tersely(plain).answer == terse
    assert word_formally(plain).answer == (
        f"The collection holds the following: {terse}. Please give the box and folder when you request it."
    )
    for unchanged in (refuse("Why?", "holdings"), Asked("How many?", "2: [1] and [3].", "count")):
        assert word_tersely(unchanged) == word_formally(unchanged) == unchanged


@pytest.mark.filterwarnings("ignore:Unable to fetch remote file", "ignore:Could not find a config file")
def test_a_trained_adapter_is_one_that_peft_loads(corpus: Corpus, writer: Writer, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    reader = tmp_path / "reader"
    torch.manual_seed(0)
    model = ReaderModel(
        Shape(
            vocab_size=1600, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=1
        )
    )
    export.save_model(model, reader)
    save_tokenizer(writer.tokenizer, reader)
    made = train_adapter("terse", reader, corpus, tmp_path, steps=3, batch=1)
    manifest = json.loads((made / "manifest.json").read_text())
    assert made.name == f"terse--v1-{manifest['files']['adapter_model.safetensors'][:8]}"
    ids = torch.tensor([writer.tokenizer.encode("Do you have letters?").ids])
    base = AutoModelForCausalLM.from_pretrained(reader, dtype=torch.float32).eval()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        before = base(ids).logits
        after = PeftModel.from_pretrained(base, str(made)).eval()(ids).logits
    assert 0 < (before - after).abs().max() < 5
