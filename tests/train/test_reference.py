"""The reference: what it holds, that it is right, and one line for each thing that can be wrong."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from train.reference import ADAPTER_CONFIG, ADAPTER_WEIGHTS, FORMAT, PROMPTS, TOP, main

ROOT = Path(__file__).parents[2]
READER = ROOT / "demo" / "reader"
ADAPTER = next((ROOT / "demo" / "adapters").glob("terse--*"))


Capture = pytest.CaptureFixture[str]


def run(base: Path, adapter: Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command in a process of its own."""
    command = [sys.executable, "-m", "train.reference", str(base), str(adapter)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def run_here(base: Path, adapter: Path, capture: Capture) -> tuple[int, str, str]:
    """The same in this process, which imports torch only once."""
    capture.readouterr()
    code = main([str(base), str(adapter)])
    told = capture.readouterr()
    return code, told.out, told.err


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    code, told, wrong = run(READER, ADAPTER)
    assert (code, wrong) == (0, "")
    found = json.loads(told)
    assert isinstance(found, dict)
    return found


def test_it_holds_the_likeliest_tokens_of_each_prompt(reference: dict[str, Any]) -> None:
    assert (reference["format"], reference["precision"]) == (FORMAT, "float32")
    tokenizer = Tokenizer.from_file(str(READER / "tokenizer.json"))
    assert len(reference["probes"]) == len(PROMPTS)
    for prompt, probe in zip(PROMPTS, reference["probes"], strict=True):
        assert prompt in tokenizer.decode(probe["tokens"], skip_special_tokens=False)
        assert len(probe["tokens"]) < 100
        for ranked in (probe["base"], probe["adapter"]):
            values = [value for _, value in ranked]
            assert len(ranked) == len({token for token, _ in ranked}) == TOP
            assert values == sorted(values, reverse=True)
            assert 0 < sum(map(math.exp, values)) <= 1.0001
        assert probe["base"] != probe["adapter"]
    first = tokenizer.decode(reference["probes"][0]["tokens"], skip_special_tokens=False)
    assert first == f"<|user|>{PROMPTS[0]}<|end|><|assistant|>"


def test_it_is_what_the_merged_weights_give(reference: dict[str, Any]) -> None:
    """W + B A alpha / r, put together here without peft, and run by transformers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(READER, dtype=torch.float32)
    config = json.loads((ADAPTER / ADAPTER_CONFIG).read_text())
    weights = load_file(ADAPTER / ADAPTER_WEIGHTS)
    for name in [name for name in weights if ".lora_A." in name]:
        factor = (
            weights[name.replace("lora_A", "lora_B")] @ weights[name] * config["lora_alpha"] / config["r"]
        )
        module = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        model.get_parameter(f"{module}.weight").data += torch.from_numpy(factor)
    for probe in reference["probes"]:
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([probe["tokens"]])).logits[0, -1]
        scores = logits.log_softmax(-1)
        assert [float(scores[token]) for token, _ in probe["adapter"]] == pytest.approx(
            [value for _, value in probe["adapter"]], abs=1e-3
        )


def shorten(folder: Path) -> None:
    weights = folder / ADAPTER_WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-100])


def pickle(folder: Path) -> None:
    (folder / ADAPTER_WEIGHTS).rename(folder / "adapter_model.bin")


def garble(folder: Path) -> None:
    (folder / ADAPTER_CONFIG).write_text("{")


def set_config(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / ADAPTER_CONFIG
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return change


def widen(folder: Path) -> None:
    weights = load_file(folder / ADAPTER_WEIGHTS)
    name = next(name for name in weights if "lora_A" in name)
    save_file({**weights, name: weights[name][:, :-8].copy()}, folder / ADAPTER_WEIGHTS)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (shutil.rmtree, f"found no {ADAPTER_CONFIG}"),
        (shorten, "cannot be read"),
        (pickle, "safetensors only"),
        (garble, "does not go with reader"),
        (widen, "size mismatch"),
        (set_config(r=4), "size mismatch"),
        (set_config(peft_type="NONE"), "does not go with reader"),
        (set_config(target_modules=["k_proj", "v_proj", "o_proj"]), "16 tensors have no counterpart"),
        (
            set_config(target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "up_proj"]),
            "16 tensors have no counterpart",
        ),
    ],
)
def test_an_adapter_that_cannot_be_run_is_one_line(
    tmp_path: Path, capsys: Capture, spoil: Callable[[Path], None], told: str
) -> None:
    adapter = tmp_path / "terse"
    shutil.copytree(ADAPTER, adapter)
    spoil(adapter)
    assert_one_line(run_here(READER, adapter, capsys), told)


def test_the_command_ends_with_one_line_and_no_traceback(tmp_path: Path) -> None:
    assert_one_line(run(READER, tmp_path), f"found no {ADAPTER_CONFIG}")
    adapter = tmp_path / "terse"
    shutil.copytree(ADAPTER, adapter)
    set_config(r=4)(adapter)
    assert_one_line(run(READER, adapter), "size mismatch")


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("config.json", "found no config.json"),
        ("model.safetensors", "as .safetensors"),
        ("tokenizer.json", "tokenizer"),
    ],
)
def test_a_base_that_cannot_be_run_is_one_line(
    tmp_path: Path, capsys: Capture, missing: str, told: str
) -> None:
    base = tmp_path / "reader"
    shutil.copytree(READER, base)
    (base / missing).unlink()
    assert_one_line(run_here(base, ADAPTER, capsys), told)


def assert_one_line(done: tuple[int, str, str], told: str) -> None:
    code, output, wrong = done
    assert (code, output) == (2, "")
    assert told in wrong
    assert len(wrong.splitlines()) == 1


def test_the_gateway_gets_its_prompts_without_torch() -> None:
    code = (
        "import sys, serve.adapters.probes, train.reference; "
        "print({'torch', 'peft', 'transformers'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
