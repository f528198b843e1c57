"""`reading-room adapters ...` as staff type it, over a real database and folder."""

from __future__ import annotations

import argparse
import getpass
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from serve.adapters.administration import make_administration
from serve.adapters.commands import add_commands
from serve.adapters.registry import Registry
from serve.database import Database
from serve.errors import BadRequest, Conflict, EngineDown, NotFound, NotReady, ServeError
from serve.rollout.counts import Outcome, Tally
from serve.settings import BUNDLED_ADAPTERS, BUNDLED_READER, Settings

TERSE = next(path.name for path in BUNDLED_ADAPTERS.glob("terse--*"))
FORMAL = next(path.name for path in BUNDLED_ADAPTERS.glob("formal--*"))

Run = Callable[..., str]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Engines by URL and no model named: the base is not known here, so nothing is compared with peft."""
    return Settings(data=tmp_path / "data", engine_urls=("http://127.0.0.1:9",))


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; give back what it printed. `code` is the exit code it should have."""
    return make_runner(settings, capsys)


def make_runner(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Run:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True), settings)

    def run(*words: str, code: int = 0) -> str:
        arguments = parser.parse_args(["adapters", *words])
        assert arguments.run(arguments) == code
        printed = capsys.readouterr().out
        return "\n".join(line.rstrip() for line in printed.splitlines())

    return run


@pytest.fixture
def both(run: Run) -> None:
    for name in (TERSE, FORMAL):
        run("add", str(BUNDLED_ADAPTERS / name))


def refuse(run: Run, kind: type[ServeError], *words: str) -> str:
    """The one line that a refused command ends with."""
    with pytest.raises(kind) as caught:
        run(*words)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_before_there_is_anything(run: Run) -> None:
    assert run("list") == ("There are no adapters yet. Add one: reading-room adapters add FOLDER --name NAME")
    assert run("verify") == "There are no adapters yet."
    assert run("events") == "Nothing has happened yet."
    assert run("events", "letters") == "Nothing has happened to letters yet."


def test_adding_compares_with_peft_where_the_base_is_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As peft leaves it, without a manifest; the reference is computed by a process of its own."""
    settings = Settings(data=tmp_path / "data", model=str(BUNDLED_READER))
    run = make_runner(settings, capsys)
    source = Path(shutil.copytree(BUNDLED_ADAPTERS / TERSE, tmp_path / "run 7"))
    (source / "manifest.json").unlink()
    printed = run("add", str(source), "--name", "short", "--why", "asked for")
    name = TERSE.replace("terse", "short")
    assert f"{name} is validated: its files are good; no engine has it yet." in printed
    database = Database(settings.database)
    registry = Registry(database)
    (version,) = registry.snapshot().versions
    assert version.reference is not None
    probes = version.reference["probes"]
    assert len(probes) > 1
    assert any(probe["base"][0] != probe["adapter"][0] for probe in probes)
    assert [(event.what, event.why) for event in registry.events(name)] == [
        ("staged", "asked for"),
        ("validated", "asked for"),
    ]
    database.close()
    assert "Compared with peft  yes" in run("show", name)


def test_what_is_added_is_listed_and_shown(run: Run) -> None:
    printed = run("add", str(BUNDLED_ADAPTERS / TERSE), "--why", "first")
    assert (
        "Not compared with peft: the base model is not on this machine. The reference in its manifest is used."
    ) in printed
    assert f"Try it out: reading-room adapters promote {TERSE} --share 5" in printed
    heading, row = run("list").splitlines()
    assert heading.split() == ["Version", "State", "Answers", "for", "Added", "By", "Means"]
    assert row.startswith(f"{TERSE}  validated")
    assert row.endswith("its files are good; no engine has it yet")
    shown = run("show", TERSE)
    assert "Answers for         nobody" in shown
    assert "Changes             k_proj, o_proj, q_proj, v_proj" in shown
    assert "  alpha             16" in shown
    assert f"By                  {getpass.getuser()}" in shown
    assert f"already, as {TERSE}" in refuse(run, Conflict, "add", str(BUNDLED_ADAPTERS / TERSE))


def test_an_add_that_died_half_way_is_finished_by_adding_again(run: Run, settings: Settings) -> None:
    run("list")
    database = Database(settings.database)
    administration = make_administration(settings, Registry(database))
    source = BUNDLED_ADAPTERS / TERSE
    folder = administration.store.add(source, None, most_rank=16)  # as far as it came
    assert administration.registry.snapshot().versions == ()
    assert f"{TERSE} is validated" in run("add", str(source))
    other = administration.store.add(BUNDLED_ADAPTERS / FORMAL, None, most_rank=16)
    administration.registry.stage(other, who="ada")
    assert "added half-way; add it again to finish" in run("list")
    assert f"{FORMAL} is validated" in run("add", str(BUNDLED_ADAPTERS / FORMAL))
    assert folder.path.is_dir()
    database.close()


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (("add", "nowhere"), BadRequest, "nowhere is not a folder"),
        (("add", str(BUNDLED_READER)), BadRequest, "does not belong in an adapter"),
        (("show", "gone"), NotFound, "no adapter version or alias 'gone'"),
        (("verify", "gone"), NotFound, "no adapter version 'gone'"),
        (("promote", "gone--v1-00000000"), NotFound, "no adapter version 'gone--v1-00000000'"),
        (("promote", "gone"), BadRequest, "--alias NAME"),
        (("promote", "base", "--alias", "Wrong!"), BadRequest, "lower-case letters"),
        (("promote", TERSE, "--revision", "4"), Conflict, "its revision is 0, you gave 4"),
        (("promote", TERSE, "--share", "33"), BadRequest, "expected one of 5, 25, 50, 100, found 33"),
        (("promote", TERSE, "--share", "5", "--answers", "0"), BadRequest, "expected 1 to 1,000,000"),
        (("rollback", "gone"), NotFound, "no alias 'gone'"),
        (("retire", "gone"), NotFound, "no adapter version 'gone'"),
        (("purge", TERSE), Conflict, f"Retire it first: reading-room adapters retire {TERSE}"),
        (("assign", "photographs", "gone"), NotFound, "no alias 'gone'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    run: Run, both: None, words: tuple[str, ...], kind: type[ServeError], said: str
) -> None:
    before = run("list", "--json").splitlines()[-1]
    assert said in refuse(run, kind, *words)
    assert run("list", "--json").splitlines()[-1] == before


@pytest.mark.parametrize(
    "words",
    [("promote", TERSE, "--share", "few"), ("assign", "photographs"), ("assign", "a", "b", "--none"), ()],
)
def test_a_command_that_is_mistyped_ends_with_2(
    run: Run, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_try_out_promote_and_go_back(run: Run, both: None, settings: Settings) -> None:
    assert run("promote", TERSE, "--alias", "default") == f"default: {TERSE} (revision 1)"
    assert run("promote", FORMAL, "--alias", "default", "--share", "5", "--automatic", "--answers", "40") == (
        f"default: {TERSE}; {FORMAL} is tried on 5 % of the conversations, going on by itself after 40 "
        "answers (revision 2)"
    )
    shown = run("show", "default")
    assert "Before that  base" in shown
    assert shown.endswith("The trial goes to 25 % after 40 more answers at 5 %, unless a guard is breached.")
    database = Database(settings.database)
    rollout = Registry(database).snapshot().aliases[0].rollout
    assert rollout
    tally = Tally()
    for number in range(3):
        tally.add(Outcome(rollout=rollout.id, share=5, arm="candidate", conversation=f"c{number}"))
    tally.flush(database)
    database.close()
    lines = run("show", "default").splitlines()
    assert next(line.split() for line in lines if line.startswith("5 %"))[:4] == ["5", "%", FORMAL, "3"]
    assert "after 37 more answers" in lines[-1]
    assert run("rollback", "default") == f"default: {TERSE} (revision 3)"
    assert (
        run("promote", FORMAL, "--alias", "default", "--revision", "3") == f"default: {FORMAL} (revision 4)"
    )
    assert run("rollback", "default", "--why", "worse") == f"default: {TERSE} (revision 5)"
    assert run("promote", TERSE) == f"terse: {TERSE} (revision 1)"
    assert run("promote", "base", "--alias", "plain") == "plain: base (revision 1)"
    row = next(line for line in run("list").splitlines() if line.startswith(TERSE))
    assert "default 100 %, terse 100 %" in row
    assert row.endswith("in use")


def test_collections(run: Run, both: None) -> None:
    run("promote", TERSE)
    assert run("assign", "us/mss 12", "terse") == (
        "Questions about us/mss 12 are answered by the alias terse, where nobody asks for another."
    )
    assert run("list").splitlines()[-1].split() == ["us/mss", "12", "terse"]
    assert "Collections  us/mss 12" in run("show", "terse")
    assert "by the default alias" in run("assign", "us/mss 12", "--none")
    assert "us/mss" not in run("list")


def test_verify_says_which_files_are_not_whole(run: Run, both: None, settings: Settings) -> None:
    assert run("verify") == f"{FORMAL}: whole\n{TERSE}: whole"
    folder = settings.adapters / TERSE
    folder.chmod(0o755)
    (folder / "adapter_config.json").unlink()
    printed = run("verify", code=2).splitlines()
    assert printed[:2] == [f"{FORMAL}: whole", f"{TERSE}: NOT WHOLE"]
    assert "adapter_config.json is missing" in printed[2]
    assert run("verify", FORMAL) == f"{FORMAL}: whole"


def test_retire_and_purge(run: Run, both: None, settings: Settings) -> None:
    assert run("retire", TERSE, "--why", "old") == f"{TERSE} is retired: out of use, files kept."
    assert (settings.adapters / TERSE).is_dir()
    assert run("purge", TERSE) == f"{TERSE} is purged: files deleted."
    assert not (settings.adapters / TERSE).exists()
    assert run("purge", TERSE) == f"{TERSE} is purged: files deleted."
    assert run("verify") == f"{FORMAL}: whole"
    assert "purged" in refuse(run, Conflict, "add", str(BUNDLED_ADAPTERS / TERSE))


def test_events_are_told_in_words(run: Run, both: None) -> None:
    run("promote", TERSE, "--share", "5", "--why", "a trial\x1b[31m")
    run("rollback", "terse")
    run("assign", "photographs", "terse")
    printed = run("events")
    assert printed.splitlines()[0].split() == ["No.", "When", "Who", "What", "Why"]
    for told in (
        f"{TERSE}: staged → validated",
        f"terse: tried on 5 %, now base; {TERSE} is tried on 5 % of the conversations (revision 1)",
        f"{TERSE}: validated → canary",
        "terse: rollout ended, now base (revision 2)",
        "photographs: assigned, the default → terse",
    ):
        assert told in printed
    assert "\x1b" not in printed
    assert "a trial?[31m" in printed
    (row,) = run("events", "terse", "--last", "1").splitlines()[1:]
    assert "rollout ended" in row
    assert getpass.getuser() in row


def test_json_for_programs(run: Run, both: None) -> None:
    run("promote", TERSE)
    listed = json.loads(run("list", "--json"))
    assert [(one["name"], one["state"], one["has_reference"]) for one in listed["versions"]] == [
        (FORMAL, "validated", True),
        (TERSE, "stable", True),
    ]
    assert listed["aliases"] == [
        {"name": "terse", "revision": 1, "stable": TERSE, "previous": ["base"], "rollout": None}
    ]


def test_a_database_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for url in (f"sqlite:///{tmp_path}", "postgresql://room@127.0.0.1:1/none", "nonsense"):
        run = make_runner(Settings(data=tmp_path, database_url=url), capsys)
        said = refuse(run, NotReady, "list")
        assert said.startswith("The database cannot be used (")
        assert "READING_ROOM_DATABASE_URL" in said


def test_the_bundled_adapters_are_adopted_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a gateway does as it starts; what was purged does not come back."""
    settings = Settings(data=tmp_path / "data")
    run = make_runner(settings, capsys)
    run("list")
    database = Database(settings.database)
    administration = make_administration(settings, Registry(database))
    assert [version.name for version in administration.adopt(who="start")] == [FORMAL, TERSE]
    assert administration.adopt(who="start") == ()
    aliases = administration.registry.snapshot().aliases
    assert {alias.name: alias.stable for alias in aliases} == {"formal": FORMAL, "terse": TERSE}
    assert "whole" in run("verify")
    run("rollback", "terse")
    run("retire", TERSE)
    run("purge", TERSE)
    assert administration.adopt(who="start") == ()
    assert not (settings.adapters / TERSE).exists()
    said = "is the base model's name"
    with pytest.raises(BadRequest, match=said):
        administration.check_alias("bundled-reader")
    database.close()


def test_adopting_where_nothing_can_be_kept_leaves_the_gateway_alive(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    occupied = tmp_path / "adapters"
    occupied.write_text("a file, where the folder should be")
    unread = Path(shutil.copytree(BUNDLED_READER, tmp_path / "base"))
    (unread / "model.safetensors").write_bytes(b"cut")
    for settings, said in (
        (Settings(data=tmp_path / "a", adapters=occupied), "cannot be kept in"),
        (Settings(data=tmp_path / "b", model=str(unread)), "no adapters are taken over"),
    ):
        database = Database(settings.database)
        database.migrate()
        assert make_administration(settings, Registry(database)).adopt(who="start") == ()
        assert said in caplog.text
        database.close()


def test_nothing_is_added_unchecked_where_the_base_is_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = Path(shutil.copytree(BUNDLED_READER, tmp_path / "base"))
    (base / "model.safetensors").write_bytes(b"cut")
    for model, said in ((base, "model.safetensors is not the file"), (tmp_path / "none", "no model folder")):
        run = make_runner(Settings(data=tmp_path / "data", model=str(model)), capsys)
        assert said in refuse(run, EngineDown, "add", str(BUNDLED_ADAPTERS / TERSE))
        assert not (tmp_path / "data" / "adapters").exists()
        capsys.readouterr()
        assert run("list").startswith("There are no adapters yet.")
