"""Export a sentence-transformers model to ONNX int8: `python -m retrieval.embedding.onnx_export NAME FOLDER`.

Pooling and normalising go into the graph; weights of matrix products become 8-bit, scaled per channel,
activations are scaled as they come (onnxruntime's dynamic quantisation). The export is compared with
sentence-transformers on varied texts, and where int8 is not close enough the fp32 graph is kept. A
process of its own, since this needs torch, onnx and half a gigabyte, and nothing that serves does.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from retrieval.embedding import Vectors, digest_model, find_model
from retrieval.embedding.onnx_embedder import (
    MODEL,
    RECIPE,
    TOKENIZER,
    Card,
    Precision,
    Run,
    digest_file,
    write_card,
)
from retrieval.embedding.onnx_probes import write_probes
from retrieval.embedding.torch_embedder import load_sentence_model
from retrieval.errors import EmbedderError

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

MEAN_COSINE, MIN_COSINE = 0.99, 0.97
"""What an export must reach against sentence-transformers, on average and on the worst text."""

_OPSET = 17
_KEPT_PROBES = 6


def export_model(name: str, folder: Path) -> Card:
    """Write an exported model to `folder`, which must not exist. Raises EmbedderError; may raise what
    torch and onnx raise for a model that they cannot trace."""
    source = find_model(name)
    weights = digest_model(source, name)
    model = load_sentence_model(source, attention="eager").eval()
    texts = write_probes()
    expected = np.asarray(model.encode(texts, normalize_embeddings=True), dtype=np.float32)
    folder.mkdir(parents=True)
    max_length = _write_tokenizer(model, folder / TOKENIZER)
    with tempfile.TemporaryDirectory() as temporary:
        full = Path(temporary) / "fp32.onnx"
        small = Path(temporary) / "int8.onnx"
        _trace(model, full)
        _quantise(full, small)
        precision: Precision = "int8"
        cosines = _compare(small, folder / TOKENIZER, max_length, texts, expected)
        if not _is_close(cosines):
            precision = "fp32"
            cosines = _compare(full, folder / TOKENIZER, max_length, texts, expected)
        if not _is_close(cosines):
            raise EmbedderError(
                f"the export of {name} is not the same model: expected cosine {MEAN_COSINE} on average and "
                f"{MIN_COSINE} at least, found {cosines.mean():.4f} and {cosines.min():.4f}"
            )
        shutil.copyfile(small if precision == "int8" else full, folder / MODEL)
    probes = range(0, len(texts), max(1, len(texts) // _KEPT_PROBES))
    card = Card(
        recipe=RECIPE,
        name=source.name if source == Path(name).expanduser() else name,  # not where it lies on this machine
        weights=weights,
        precision=precision,
        dimension=expected.shape[1],
        max_length=max_length,
        compared=len(texts),
        mean_cosine=round(float(cosines.mean()), 5),
        min_cosine=round(float(cosines.min()), 5),
        probes={texts[place]: [round(float(value), 5) for value in expected[place]] for place in probes},
        checksums={file: digest_file(folder / file) for file in (MODEL, TOKENIZER)},
    )
    write_card(folder, card)
    return card


def _write_tokenizer(model: SentenceTransformer, path: Path) -> int:
    """Save the tokenizer; the most tokens a text may have, as sentence-transformers cuts it."""
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EmbedderError("its tokenizer has no form that the tokenizers library reads")
    backend.save(str(path))
    return int(model.max_seq_length or 512)


def _trace(model: SentenceTransformer, path: Path) -> None:
    import torch

    example = model.preprocess(["a letter from her sister, with a photograph", "a letter"])
    names = ["input_ids", "attention_mask"]
    texts_and_tokens = {0: "texts", 1: "tokens"}
    with torch.no_grad():
        torch.onnx.export(
            _join(model),
            tuple(example[name].cpu() for name in names),
            str(path),
            dynamo=False,
            opset_version=_OPSET,
            input_names=names,
            output_names=["vectors"],
            dynamic_axes={**dict.fromkeys(names, texts_and_tokens), "vectors": {0: "texts"}},
        )


def _join(model: SentenceTransformer) -> torch.nn.Module:
    """The model from token ids to unit vectors, as one torch module."""
    import torch

    has_types = "token_type_ids" in model.tokenizer.model_input_names

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            if has_types:
                features["token_type_ids"] = torch.zeros_like(input_ids)
            return torch.nn.functional.normalize(self.model(features)["sentence_embedding"], dim=1)

    return Whole().eval()  # left in training mode, the exporter would hand the model back with dropout on


def _quantise(full: Path, small: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = full.with_name("prepared.onnx")
    quant_pre_process(str(full), str(prepared), skip_symbolic_shape=True)
    quantize_dynamic(str(prepared), str(small), per_channel=True, weight_type=QuantType.QInt8)


def _compare(
    model: Path, tokenizer: Path, max_length: int, texts: Sequence[str], expected: Vectors
) -> Vectors:
    """Cosine of each text's vector to the expected one."""
    run = Run(model, tokenizer, max_length)
    found = np.stack([run(text) for text in texts])
    return np.asarray((found * expected).sum(axis=1), dtype=np.float32)


def _is_close(cosines: Vectors) -> bool:
    return bool(cosines.mean() >= MEAN_COSINE and cosines.min() >= MIN_COSINE)


def main(arguments: Sequence[str]) -> int:
    """0 when exported; 2, with the reason as the last line on stderr, when not."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m retrieval.embedding.onnx_export NAME FOLDER\n")
        return 2
    try:
        card = export_model(arguments[0], Path(arguments[1]))
    except Exception as problem:  # torch and onnx raise anything for what they cannot trace
        reason = " ".join(str(problem).split())[:300] or type(problem).__name__
        sys.stderr.write(f"{reason}\n")
        return 2
    sys.stdout.write(
        f"{card.name} as {card.precision}: cosine to sentence-transformers {card.mean_cosine} on average, "
        f"{card.min_cosine} at least, over {card.compared} texts\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
