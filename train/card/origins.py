"""The card's sections on where a version comes from: its base, its data, its training, what that cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from train.card.card import NOT_KNOWN, Section, Subject, Table, known, name_values, show_value

_SHOWN_TABLES = ("collection", "kind", "origin", "language", "licence", "consent")
"""Of the datasheet: tables that name no person and no file of the library's machines."""
_UNNAMED = (
    ("contributor", " were contributed by ", "one person"),
    ("approver", " were approved by ", "one person"),
    ("source", " rest on ", "one file"),
)
"""Tables of whose cautions the card says how they end instead: (key, words before the name, words for it)."""
_MOST_ROWS = 12
_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def describe_base(subject: Subject) -> Section:
    """What the adapter goes on."""
    base = subject.lineage.base
    return Section(
        "base",
        "Base model",
        (
            f"It works on this base alone: {known(base.get('name'))}, whose licence is "
            f"{known(base.get('licence'))}. A program that loads it ought to check the base's digest.",
        ),
        (
            Table(
                "Digests (SHA-256)",
                ("Of", "Digest"),
                (
                    ("the base's weights", known(subject.base_sha256)),
                    ("its tokenizer", known(base.get("tokenizer_sha256"))),
                    ("its chat template", known(base.get("template_sha256"))),
                    ("the adapter's weights", known(subject.sha256)),
                ),
            ),
        ),
    )


def describe_data(subject: Subject) -> Section:
    """The dataset version, and what its datasheet says of it."""
    lineage, manifest = subject.lineage, subject.dataset
    if not lineage.dataset:
        return Section(
            "data", "Training data", ("What it was trained on is not known: it was not trained here.",)
        )
    told = [f"It was trained on {lineage.dataset} (SHA-256 {known(lineage.dataset_sha256)})."]
    if manifest is None:
        told.append("That version's folder is not here any more, so nothing else is known of it.")
        return Section("data", "Training data", tuple(told))
    counts = manifest.counts
    told.append(
        f"It holds {counts['pairs']} pairs to train on and {counts['exam']} held out for the exam, by source "
        f"record; {counts['excluded']} approved pairs were left out for reasons that its datasheet tells."
    )
    if lineage.withdrawn:
        told.append(f"{lineage.withdrawn} of its pairs were left out of the training.")
    told += [f"Caution: {warning}" for warning in _leave_unnamed(subject.sheet)]
    return Section("data", "Training data", tuple(told), tuple(_pick_tables(subject.sheet)))


def describe_training(subject: Subject) -> Section:
    """What was done, with every setting."""
    lineage = subject.lineage
    if not lineage.recipe:
        return Section("training", "Training", ("How it was trained is not known: it was not trained here.",))
    told = [
        f"Run {known(lineage.run)} took {known(lineage.steps.get('done'))} of at most "
        f"{known(lineage.steps.get('planned'))} steps, over {known(lineage.tokens.get('trained'))} tokens. "
        f"It ended: {known(lineage.stopped)} Kept is what there was after step "
        f"{known(lineage.steps.get('kept'))}.",
        f"Each prompt is the one that serving sends (prompt version {known(lineage.prompt_version)}); the "
        f"other passages in it are from: {known(lineage.passages)}. Learnt are the answers' tokens alone.",
    ]
    if lineage.instructions_sha256:
        told.append(
            "The library's own instructions stood in the prompts "
            f"(SHA-256 {lineage.instructions_sha256}); their text is kept with the run."
        )
    if lineage.recipe.get("smoke") is True:
        told.append("It is a trial of the machinery, of too few pairs to be of use.")
    settings = tuple(
        (key, show_value(value), "chosen automatically" if key in lineage.automatic else "given")
        for key, value in lineage.recipe.items()
    )
    if lineage.fit.get("sentence"):
        told.append(f"By the losses: {lineage.fit['sentence']}")
    losses = {key: value for key, value in lineage.fit.items() if isinstance(value, float)}
    tables = [Table("Recipe", ("Setting", "Value", "How it was set"), settings)]
    for title, values in (
        ("Lessons", lineage.lessons),
        ("Losses, in nats for each answer token (valid: of pairs held back from training)", losses),
    ):
        if values:
            tables.append(Table(title, ("What", "Value"), tuple(name_values(values))))
    return Section("training", "Training", tuple(told), tuple(tables))


def describe_cost(subject: Subject) -> Section:
    """Time, memory and energy; each said to be measured or estimated."""
    lineage = subject.lineage
    if not lineage.recipe:
        return Section("cost", "What it cost", ("Time, memory and energy of its training are not known.",))
    seconds = lineage.seconds
    rows = (
        ("Time on the clock", _show_seconds(seconds.get("wall")), "measured"),
        ("CPU time", _show_seconds(seconds.get("cpu")), "measured"),
        ("GPU time", _show_seconds(seconds.get("gpu")), "measured"),
        ("Most memory at once", _show_bytes(lineage.peak_bytes.get("memory")), "measured"),
        ("Most GPU memory at once", _show_bytes(lineage.peak_bytes.get("gpu")), "measured"),
        ("Energy", *_show_energy(lineage.energy)),
    )
    shown = tuple((name, value, how if value != NOT_KNOWN else "") for name, value, how in rows)
    tables = [Table("Cost of the training run", ("What", "How much", "How it is known"), shown)]
    if lineage.hardware:
        tables.append(Table("Machine", ("What", "Value"), tuple(name_values(lineage.hardware))))
    return Section(
        "cost",
        "What it cost",
        ("These are the training run's own; making the data, the base and the exams is not in them.",),
        tuple(tables),
    )


def describe_again(subject: Subject) -> Section:
    """What making it again takes."""
    lineage = subject.lineage
    if not lineage.is_known:
        return Section(
            "again", "Making it again", ("It cannot be made again here: what it was made of is not known.",)
        )
    rows = (*_with_word("seed", lineage.seeds), *_with_word("version of", lineage.versions))
    return Section(
        "again",
        "Making it again",
        (
            "The same base, dataset version, recipe, seeds and versions are meant to give the same weights, "
            "bit for bit, on the same kind of machine. On another the order of sums may differ, and with it "
            "the last digits. This command trains it again and compares the digests:",
        ),
        (Table("Seeds and versions", ("What", "Value"), rows),) if rows else (),
        (f"reading-room train reproduce {subject.version if '--v' in subject.version else 'VERSION'}",),
    )


def _with_word(word: str, told: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{word} {name}", value) for name, value in name_values(told))


def _leave_unnamed(sheet: Mapping[str, Any]) -> Iterator[str]:
    """The datasheet's cautions, those that name a person or a file without the name."""
    for warning in map(str, _list(sheet.get("warnings"))):
        for key, said, instead in _UNNAMED:
            names = (str(row["value"]) for table in _find_tables(sheet, key) for row in table["rows"])
            if said in warning and any(warning.endswith(f"{said}{name}.") for name in names):
                warning = f"{warning.partition(said)[0]}{said}{instead}."
        yield warning


def _find_tables(sheet: Mapping[str, Any], *keys: str) -> Iterator[Mapping[str, Any]]:
    for section in _list(sheet.get("sections")):
        for table in _list(section.get("tables")) if isinstance(section, Mapping) else []:
            if isinstance(table, Mapping) and table.get("key") in keys and _list(table.get("rows")):
                yield table


def _pick_tables(sheet: Mapping[str, Any]) -> Iterator[Table]:
    yield from map(_convert, _find_tables(sheet, *_SHOWN_TABLES))


def _convert(table: Mapping[str, Any]) -> Table:
    total = table.get("total") or 0
    rows = [
        (str(row["value"]), str(row["pairs"]), f"{100 * row['pairs'] / total:.0f} %" if total else "")
        for row in table["rows"]
    ]
    more = len(rows[_MOST_ROWS:]) + int(table.get("more") or 0)
    rest = [(f"({more} more)", "", "")] if more else []
    return Table(
        f"Pairs, exam included: {table['title']}", ("", "Pairs", "Share"), (*rows[:_MOST_ROWS], *rest)
    )


def _show_seconds(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NOT_KNOWN
    return f"{value:.0f} s" if value < 3600 else f"{value:.0f} s ({value / 3600:.1f} h)"


def _show_bytes(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return NOT_KNOWN
    return next((f"{value / size:.2f} {unit}" for size, unit in _UNITS if value >= size), f"{value} bytes")


def _show_energy(energy: Mapping[str, Any]) -> tuple[str, str]:
    kwh = energy.get("kwh")
    if isinstance(kwh, bool) or not isinstance(kwh, int | float):
        return NOT_KNOWN, ""
    measured = energy.get("measured")
    word = "measured" if measured is True else "estimated" if measured is False else "not known how"
    emitted = energy.get("co2_kg")
    carbon = f", {emitted:.4g} kg of CO2 equivalent" if isinstance(emitted, float) else ""
    return f"{kwh:.4g} kWh{carbon}", ": ".join(filter(None, (word, str(energy.get("how") or ""))))


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
