"""The resolver: a sound version becomes a private copy; anything wrong is refused, with the reason logged."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from vllm.entrypoints.openai.models.protocol import BaseModelPath
from vllm.entrypoints.openai.models.serving import OpenAIServingModels
from vllm.entrypoints.serve.engine.protocol import ErrorResponse
from vllm.entrypoints.serve.lora.protocol import LoadLoRAAdapterRequest, UnloadLoRAAdapterRequest
from vllm.lora.request import LoRARequest
from vllm.lora.resolver import LoRAResolverRegistry

from reading_room_engine import endpoints
from reading_room_engine.copies import make_copies_folder
from reading_room_engine.registration import RESOLVER, read_resolver
from reading_room_engine.resolver import FolderResolver
from serve.adapters.folder import CONFIG, MANIFEST, WEIGHTS, weights_sha256
from serve.settings import BUNDLED_READER
from tests.serve.made_adapters import make_adapter, write_manifest

FILES = {CONFIG, WEIGHTS, MANIFEST}


@dataclass(frozen=True, slots=True)
class Shelf:
    """A shared folder with one sound version, and a resolver of it as vLLM's registry holds it."""

    version: Path
    base_sha256: str
    copies: Path
    resolver: FolderResolver

    async def resolve(self, name: str) -> LoRARequest | None:
        return await LoRAResolverRegistry.get_resolver(RESOLVER).resolve_lora("any", name)

    def copied(self) -> list[Path]:
        """Every file and folder in this process's folder of copies."""
        return sorted(path for folder in self.copies.glob("*") for path in folder.rglob("*"))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    version = make_adapter(tmp_path / "adapters", BUNDLED_READER, "letters", seed=1)
    environment = {
        "READING_ROOM_ENGINE_ADAPTERS": str(version.parent),
        "READING_ROOM_ENGINE_BASE_SHA256": weights_sha256(BUNDLED_READER),
        "READING_ROOM_ENGINE_COPIES": str(tmp_path / "copies"),
    }
    resolver = read_resolver(environment)
    assert resolver is not None
    LoRAResolverRegistry.register_resolver(RESOLVER, resolver)
    yield Shelf(version, weights_sha256(BUNDLED_READER), tmp_path / "copies", resolver)
    del LoRAResolverRegistry.resolvers[RESOLVER]


async def test_a_sound_version_is_given_as_a_private_copy(shelf: Shelf) -> None:
    given = await shelf.resolve(shelf.version.name)
    assert given is not None
    path = Path(given.lora_path)
    assert (given.lora_name, path.name) == (shelf.version.name, shelf.version.name)
    assert (given.load_inplace, path.parent.parent) == (False, shelf.copies)
    assert {file.name for file in path.iterdir()} == FILES
    for file in path.iterdir():
        assert file.read_bytes() == (shelf.version / file.name).read_bytes()
        assert file.stat().st_mode & 0o777 == 0o400
        assert file.stat().st_ino != (shelf.version / file.name).stat().st_ino
    for folder in (path, path.parent, shelf.copies):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert len(shelf.copied()) == 1 + len(FILES)


async def test_the_same_name_is_the_same_copy_though_the_files_change_or_vanish(shelf: Shelf) -> None:
    first = await shelf.resolve(shelf.version.name)
    assert first is not None
    digest = hashlib.sha256((shelf.version / WEIGHTS).read_bytes()).hexdigest()
    flip_a_weight(shelf.version)
    second = await shelf.resolve(shelf.version.name)
    shutil.rmtree(shelf.version)
    third = await shelf.resolve(shelf.version.name)
    assert second is not None and third is not None
    assert first.lora_path == second.lora_path == third.lora_path
    assert hashlib.sha256(Path(third.lora_path, WEIGHTS).read_bytes()).hexdigest() == digest


async def test_asked_for_many_times_at_once_there_is_one_copy(shelf: Shelf) -> None:
    given = await asyncio.gather(*(shelf.resolve(shelf.version.name) for _ in range(16)))
    assert len({request.lora_path for request in given if request is not None}) == 1
    assert None not in given
    assert len(shelf.copied()) == 1 + len(FILES)


async def test_a_version_that_is_put_right_is_taken(shelf: Shelf) -> None:
    weights = (shelf.version / WEIGHTS).read_bytes()
    flip_a_weight(shelf.version)
    assert await shelf.resolve(shelf.version.name) is None
    (shelf.version / WEIGHTS).write_bytes(weights)
    assert await shelf.resolve(shelf.version.name) is not None


def flip_a_weight(version: Path) -> None:
    weights = bytearray((version / WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (version / WEIGHTS).write_bytes(weights)


def flip_a_weight_and_describe_it(version: Path) -> None:
    flip_a_weight(version)
    write_manifest(version, json.loads((version / MANIFEST).read_text())["base_sha256"])


def cut_the_weights(version: Path) -> None:
    (version / WEIGHTS).write_bytes((version / WEIGHTS).read_bytes()[:-100])


def change_the_config(version: Path) -> None:
    (version / CONFIG).write_text((version / CONFIG).read_text() + " ")


def describe_another_base(version: Path) -> None:
    write_manifest(version, "0" * 64)


def describe(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def damage(version: Path) -> None:
        manifest = json.loads((version / MANIFEST).read_text())
        change(manifest)
        (version / MANIFEST).write_text(json.dumps(manifest))

    return damage


def write(name: str, content: bytes) -> Callable[[Path], None]:
    def damage(version: Path) -> None:
        (version / name).write_bytes(content)

    return damage


def remove(name: str) -> Callable[[Path], None]:
    return lambda version: (version / name).unlink()


def link(name: str) -> Callable[[Path], None]:
    """The file's very bytes, but by a link to a place outside."""

    def damage(version: Path) -> None:
        (version / name).rename(version.parent.parent / name)
        (version / name).symlink_to(version.parent.parent / name)

    return damage


def link_the_folder(version: Path) -> None:
    outside = version.parent.parent / "outside"
    version.rename(outside)
    version.symlink_to(outside)


def make_a_pipe(version: Path) -> None:
    (version / WEIGHTS).unlink()
    os.mkfifo(version / WEIGHTS)


def make_a_folder(version: Path) -> None:
    (version / CONFIG).unlink()
    (version / CONFIG).mkdir()


def make_a_file(version: Path) -> None:
    shutil.rmtree(version)
    version.write_bytes(b"")


DAMAGES: list[tuple[Callable[[Path], object], str]] = [
    (shutil.rmtree, "there is no such folder"),
    (make_a_file, "a real folder is expected"),
    (link_the_folder, "a real folder is expected"),
    (flip_a_weight, "adapter_model.safetensors: expected SHA-256"),
    (flip_a_weight_and_describe_it, "the name ends in"),
    (cut_the_weights, "adapter_model.safetensors: expected SHA-256"),
    (change_the_config, "adapter_config.json: expected SHA-256"),
    (describe_another_base, "made for the base '000000000000'"),
    (remove(WEIGHTS), "adapter_model.safetensors is missing"),
    (remove(CONFIG), "adapter_config.json is missing"),
    (remove(MANIFEST), "manifest.json is missing"),
    (link(WEIGHTS), "adapter_model.safetensors cannot be read as a plain file"),
    (link(MANIFEST), "manifest.json cannot be read as a plain file"),
    (make_a_pipe, "adapter_model.safetensors is not a plain file"),
    (make_a_folder, "adapter_config.json is not a plain file"),
    (write("adapter_model.bin", b"\x80\x04N."), "'adapter_model.bin' does not belong"),
    (write("tokenizer.json", b"{}"), "'tokenizer.json' does not belong"),
    (write(".hidden.py", b""), "'.hidden.py' does not belong"),
    (write(MANIFEST, b"{"), "does not name a base_sha256"),
    (write(MANIFEST, b"[" * 100_000), "does not name a base_sha256"),
    (write(MANIFEST, b"[]"), "does not name a base_sha256"),
    (write(MANIFEST, b" " * 2**20 + b"{}"), "manifest.json is larger than 1048576 bytes"),
    (write(CONFIG, b" " * 2**20 + b"{}"), "adapter_config.json is larger than 1048576 bytes"),
    (describe(lambda told: told.pop("base_sha256")), "does not name a base_sha256"),
    (describe(lambda told: told.update(base_sha256=None)), "made for the base 'None'"),
    (describe(lambda told: told.update(files="all")), "does not name a base_sha256"),
    (describe(lambda told: told["files"].pop(WEIGHTS)), "does not list adapter_model.safetensors"),  # type: ignore[attr-defined]
    (describe(lambda told: told["files"].pop(CONFIG)), "does not list adapter_config.json"),  # type: ignore[attr-defined]
    (describe(lambda told: told["files"].update({CONFIG: 7})), "gives no digest of adapter_config.json"),  # type: ignore[attr-defined]
    (describe(lambda told: told["files"].update({"../x": "0"})), "'../x' is in manifest.json and not"),  # type: ignore[attr-defined]
]


@pytest.mark.parametrize(("damage", "reason"), DAMAGES, ids=[reason for _, reason in DAMAGES])
async def test_what_is_wrong_is_refused_and_said_on_one_line(
    shelf: Shelf, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], object], reason: str
) -> None:
    assert await shelf.resolver.offers(shelf.version.name)
    damage(shelf.version)
    with caplog.at_level(logging.WARNING, "vllm.reading_room_engine"):
        assert await shelf.resolve(shelf.version.name) is None
    (record,) = caplog.records
    assert reason in record.getMessage()
    assert shelf.version.name in record.getMessage()
    assert record.exc_info is None
    assert "\n" not in record.getMessage()
    assert shelf.copied() == []


def names_beside(name: str) -> Iterator[str]:
    """Names that other systems take for `name`, for a path to it, or for a pattern that it matches."""
    yield from ("", ".", "..", "/", name.upper(), f" {name}", f"{name} ", f"{name}\n", f"{name}\0", name[:-1])
    yield from (
        f"./{name}",
        f"{name}/",
        f"../adapters/{name}",
        f"x/../{name}",
        f"{name}/../{name}",
        f"~/{name}",
    )
    yield from (name.replace("letters", "l*"), name.replace("--v1", "--v+1"), name.replace("--v1", "--v1.0"))
    yield from (
        name.replace("v1", "v١"),
        name.replace("v1", "v１"),
        name.replace("e", "е"),
    )  # digits, Cyrillic
    yield from (name.replace("-", "‐"), name.replace("l", "ｌ"), f"{name}\u200b", f"{name}\u202e")
    yield from (name.replace("letters", "l" * 42), name.replace("v1", "v1234567"), f"%2e%2e%2f{name}")
    yield from ("\ud800", "a" * 100_000)


async def test_a_name_is_taken_only_to_the_letter(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    names = [*names_beside(shelf.version.name), str(shelf.version), shelf.version.as_uri()]
    for name in names:
        assert not await shelf.resolver.offers(name)
        assert await shelf.resolve(name) is None
    assert [record.getMessage().partition("not loaded: ")[2] for record in caplog.records] == [
        "expected a name like letters--v3-1a2b3c4d"
    ] * len(names)
    assert max(len(record.getMessage()) for record in caplog.records) < 1000
    assert not any("\n" in record.getMessage() for record in caplog.records)
    assert shelf.copied() == []
    assert await shelf.resolve(shelf.version.name) is not None


async def test_a_readme_may_lie_beside_the_weights(shelf: Shelf) -> None:
    (shelf.version / "README.md").write_text("what it was trained on")
    assert await shelf.resolve(shelf.version.name) is not None


async def test_where_copies_cannot_be_written_nothing_is_loaded(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.copies.write_bytes(b"a file where the folder of copies should be")
    assert await shelf.resolve(shelf.version.name) is None
    assert "there is no folder for copies" in caplog.text


def test_the_environment_must_name_a_base() -> None:
    told = {"READING_ROOM_ENGINE_ADAPTERS": "adapters", "READING_ROOM_ENGINE_BASE_SHA256": "a" * 64}
    resolver = read_resolver(told)
    assert resolver is not None
    assert resolver.versions.base_sha256 == "a" * 64
    assert read_resolver({}) is None
    for base in ("", "a" * 63, "A" * 64, "a" * 64 + "\n"):
        with pytest.raises(ValueError, match="expected 64 hex digits"):
            read_resolver({**told, "READING_ROOM_ENGINE_BASE_SHA256": base})


def test_copies_go_with_their_process_or_when_the_next_one_starts(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, time; from reading_room_engine.copies import make_copies_folder;"
        "made = make_copies_folder(pathlib.Path(sys.argv[1])); (made / 'weights').write_bytes(b'x');"
        "print(made, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    with start() as killed, start() as running:
        assert killed.stdout is not None and running.stdout is not None
        left, used = Path(killed.stdout.readline().strip()), Path(running.stdout.readline().strip())
        killed.kill()
        killed.wait()
        assert (left / "weights").exists()
        mine = make_copies_folder(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted([used, mine])
        assert (used / "weights").exists()
        running.communicate()  # its input ends, and so does it
    assert list(tmp_path.iterdir()) == [mine]


def test_a_link_is_no_private_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "copies").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="READING_ROOM_ENGINE_COPIES"):
        make_copies_folder(tmp_path / "copies")


@dataclass(slots=True)
class IdleEngine:
    """What vLLM's front end needs of an engine, and a record of what the engine was told. It stands in for
    one because vLLM's locks and ids cannot be seen from outside the real one."""

    added: list[LoRARequest]
    removed: list[int]
    refusal: str = ""
    model_config: object = None
    renderer: object = None
    input_processor: object = None

    async def add_lora(self, request: LoRARequest) -> bool:
        self.added.append(request)
        if self.refusal:
            raise RuntimeError(self.refusal)
        return True

    async def remove_lora(self, lora_id: int) -> bool:
        self.removed.append(lora_id)
        return True


@pytest.fixture
def models(shelf: Shelf) -> Iterator[OpenAIServingModels]:
    """vLLM's own adapter endpoints, guarded by our resolver."""
    stock = {
        name: getattr(OpenAIServingModels, name)
        for name in ("resolve_lora", "load_lora_adapter", "unload_lora_adapter")
    }
    endpoints.guard_endpoints(shelf.resolver)
    served = OpenAIServingModels(IdleEngine([], []), [BaseModelPath("base", "/base")])
    served.model_config = replace(SETTINGS)
    yield served
    for name, method in stock.items():
        setattr(OpenAIServingModels, name, method)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    model: str = "/base"


SETTINGS = ModelSettings()


async def test_ten_thousand_unknown_names_leave_no_trace(
    models: OpenAIServingModels, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(5_000):
        for name in (f"letters--v{number}-00000000", f"../letters {number}"):
            answer = await models.resolve_lora(name)
            assert isinstance(answer, ErrorResponse)
            assert answer.error.code == 404
    assert len(models.lora_resolver_lock) == 0
    assert models.lora_id_counter.value == 0
    assert caplog.records == []
    assert (models.engine_client.added, shelf.copied()) == ([], [])


async def test_loading_goes_by_name_alone(models: OpenAIServingModels, shelf: Shelf) -> None:
    name, path = shelf.version.name, str(shelf.version)
    other = str(shelf.version.parent.parent / "outside")
    shutil.copytree(shelf.version, other)
    for wrong in (
        LoadLoRAAdapterRequest(lora_name=name, lora_path=other),
        LoadLoRAAdapterRequest(lora_name=name, lora_path="someone/an-adapter"),
        LoadLoRAAdapterRequest(lora_name="letters", lora_path=path),
        LoadLoRAAdapterRequest(lora_name=name, lora_path=path, load_inplace=True),
    ):
        refused = await models.load_lora_adapter(wrong)
        assert isinstance(refused, ErrorResponse)
        assert (refused.error.code, refused.error.type) == (403, "ForbiddenError")
    for wrong in (".", "..", "../outside"):
        answer = await models.load_lora_adapter(
            LoadLoRAAdapterRequest(lora_name=wrong, lora_path=os.path.join(shelf.version.parent, wrong))
        )
        assert isinstance(answer, ErrorResponse)
        assert answer.error.code == 404
    assert models.engine_client.added == []
    loading = LoadLoRAAdapterRequest(lora_name=name, lora_path=path + "/")
    for _ in range(2):
        assert await models.load_lora_adapter(loading) == f"Success: LoRA adapter '{name}' is loaded."
    (added,) = models.engine_client.added
    assert added is models.lora_requests[name]
    assert Path(added.lora_path).is_relative_to(shelf.copies)
    refused = await models.unload_lora_adapter(UnloadLoRAAdapterRequest(lora_name=name))
    assert isinstance(refused, ErrorResponse)
    assert refused.error.code == 403
    assert list(models.lora_requests) == [name]


async def test_a_version_that_the_engine_refuses_is_taken_out_of_it_again(
    models: OpenAIServingModels, shelf: Shelf
) -> None:
    models.engine_client.refusal = "size mismatch"
    answers = await asyncio.gather(*(models.resolve_lora(shelf.version.name) for _ in range(3)))
    assert all(isinstance(answer, ErrorResponse) and answer.error.code == 400 for answer in answers)
    assert models.engine_client.removed == [1, 2, 3]
    assert [request.lora_int_id for request in models.engine_client.added] == [1, 2, 3]
    assert models.lora_requests == {}
    models.engine_client.refusal = ""
    given = await models.resolve_lora(shelf.version.name)
    assert isinstance(given, LoRARequest)
    assert given.lora_int_id == 4
    assert models.engine_client.removed == [1, 2, 3]
