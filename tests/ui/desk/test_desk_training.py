"""The training room: asked for, watched, examined and decided on, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from playwright.async_api import expect

from serve.wire.exams import FigureInfo, MeasureInfo
from serve.wire.training import DecisionRequest, EstimateRequest, RunRequest
from tests.ui.desk.conftest import SignIn
from tests.ui.desk.stub_desk import Stub
from tests.ui.desk.stub_training import find_runs
from tests.ui.desk.test_desk_pages import ORIGIN, sign_in, token_in
from tests.ui.desk.test_desk_whole import press_until
from ui.desk.charts import draw_curves, thin
from ui.desk.measures import say_bytes, say_energy, say_points, say_span
from ui.desk.recipes import EFFORTS, make_recipe, name_effort
from ui.desk.rooms.examining import read_difference
from ui.desk.rooms.training import read_number, read_share

DATASET = "letters--v1-1a2b3c4d"
FORM = {"dataset": DATASET, "adapter": "letters", "effort": "recommended", "why": "to answer <b>better</b>"}


@pytest.fixture
def staff(desk: Stub, desk_url: str) -> Iterator[httpx.Client]:
    """A browser without scripts, of an approver who is signed in."""
    found = ORIGIN.match(desk_url)
    assert found
    with httpx.Client(base_url=desk_url, headers={"Origin": found[0]}, timeout=30) as client:
        sign_in(client, "Ben Approver")
        yield client


def send(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Send a form from the page that it stands on."""
    token = token_in(client.get("/training/new").text)
    return client.post(path, data={"form_token": token, **fields})


def field_of(page: str, name: str) -> str:
    """What stands in a text field of a page."""
    found = re.search(rf'<input id="{name}" name="{name}"[^>]* value="([^"]*)"', page)
    assert found, page
    return found[1]


def test_a_run_is_estimated_before_it_is_begun_and_all_that_was_typed_stays(
    staff: httpx.Client, desk: Stub
) -> None:
    page = send(staff, "/training/new", **FORM, **{"set-rank": "8", "set-method": "auto"}, do="estimate").text
    assert "21 minutes, between 10 minutes and 40 minutes" in page
    assert "12 Wh" in page and "2.4 GB of 8 GB free" in page and "A slow machine." in page
    assert field_of(page, "why") == "to answer &lt;b&gt;better&lt;/b&gt;" and "<b>better" not in page
    assert re.search(r'name="set-rank" value="8"', page)
    assert (
        "0.0001" in page and "Start the run" in page and "never put into service: it only tries" not in page
    )
    (asked,) = desk.asked
    assert asked == EstimateRequest(dataset=DATASET, adapter="letters", recipe={"rank": 8})


def test_a_run_is_asked_for_once(staff: httpx.Client, desk: Stub) -> None:
    begun = send(staff, "/training/new", **{**FORM, "effort": "thorough"}, do="start")
    assert (begun.status_code, begun.headers["location"]) == (303, "/desk/training/r9?said=run-asked")
    recipe = {"epochs": 8, "checks": 4, "patience": 4}
    assert desk.asked == [RunRequest(dataset=DATASET, adapter="letters", recipe=recipe, why=FORM["why"])]
    assert (
        "It begins when a worker is free." in staff.get(begun.headers["location"].removeprefix("/desk")).text
    )
    again = send(staff, "/training/new", **{**FORM, "effort": "thorough"}, do="start")
    assert again.status_code == 409 and "waiting or at work already" in again.text
    assert field_of(again.text, "why").startswith("to answer")
    assert re.search(r'value="thorough" checked', again.text) and len(desk.asked) == 1


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({**FORM, "adapter": ""}, "Adapter: String should have at least 1 character."),
        ({**FORM, "set-rank": "many"}, "rank: expected a whole number"),
    ],
)
def test_a_form_that_is_refused_comes_back(staff: httpx.Client, fields: dict[str, str], told: str) -> None:
    reply = send(staff, "/training/new", **fields, do="estimate")
    assert reply.status_code == 400 and told in reply.text
    assert field_of(reply.text, "why").startswith("to answer")
    assert "Estimate again" not in reply.text and f'value="{DATASET}" selected' in reply.text
    assert f'name="set-rank" value="{fields.get("set-rank", "")}"' in reply.text


def test_a_run_at_work_tells_how_far_it_is(staff: httpx.Client) -> None:
    page = staff.get("/training/r1").text
    assert '<progress max="100" value="42"' in page and "about 13 minutes left" in page
    assert "Starting to memorise" in page and "It has begun to memorise (overfitting)." in page
    assert page.count('<polyline class="') == 2 and page.count("<circle") == 4
    assert "data-again" in page and "data-again" not in staff.get("/training/r4").text
    assert "2 jobs come before it." in staff.get("/training/r6").text
    assert "The disk is full." in staff.get("/training/r3").text


def test_where_no_worker_takes_a_job_staff_are_told(staff: httpx.Client, desk: Stub) -> None:
    told = "No worker has taken it yet."
    assert told not in staff.get("/training/r6").text, "others come before it"
    job = find_runs(desk)["r6"].job.model_copy(update={"ahead": 0})
    find_runs(desk)["r6"].job = job
    assert told in staff.get("/training/r6").text
    find_runs(desk)["r6"].job = job.model_copy(update={"created": datetime.now(UTC).isoformat()})
    assert told not in staff.get("/training/r6").text


def test_a_run_is_paused_resumed_and_cancelled(staff: httpx.Client, desk: Stub) -> None:
    job = {"job": "j-r1"}
    assert send(staff, "/training/r1", **job, do="pause").headers["location"].endswith("said=run-pausing")
    page = staff.get("/training/r1").text
    assert "It is paused at 42 %" in page and "Go on" in page and ">Pause<" not in page
    twice = send(staff, "/training/r1", **job, do="pause")
    assert twice.status_code == 409 and "The job is paused already." in twice.text
    send(staff, "/training/r1", **job, do="resume")
    assert find_runs(desk)["r1"].job.state == "queued"
    assert "It ends for good" in staff.get("/training/r1/cancel").text
    send(staff, "/training/r1", **job, do="cancel", why="wrong pairs")
    assert (find_runs(desk)["r1"].job.state, find_runs(desk)["r1"].job.why) == ("cancelled", "wrong pairs")
    assert ">Pause<" not in staff.get("/training/r1").text


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"do": "pause", "job": "j-other"}, 409, "The run has gone on meanwhile."),
        ({"do": "nonsense", "job": "j-r1"}, 400, "Choose one of the buttons."),
    ],
)
def test_a_button_of_another_moment_does_nothing(
    staff: httpx.Client, desk: Stub, fields: dict[str, str], status: int, told: str
) -> None:
    reply = send(staff, "/training/r1", **fields)
    assert reply.status_code == status and told in reply.text
    assert find_runs(desk)["r1"].job.state == "running"


def test_the_exam_shows_what_broke_before_what_was_fixed(staff: httpx.Client) -> None:
    assert "2 fixed, 1 broken, 21 the same" in staff.get("/training/r2").text
    page = staff.get("/training/r2/exam").text
    places = [page.index(words) for words in ("Question p3?", "Before p3.", "After p3.", "Question p1?")]
    assert places == sorted(places)
    assert "80 %" in page and "+10" in page and "+2 to +20" in page and "surely better" in page
    assert re.findall(r'<td class="number">([13])</td>', page) == ["3", "1"]


def test_a_curator_sees_how_it_went_and_no_word_of_the_exam(staff: httpx.Client) -> None:
    staff.cookies.clear()
    sign_in(staff, "Ada Curator")
    page = staff.get("/training/r2/exam").text
    assert "Question p3?" not in page and "After p3." not in page and "says it without a number" in page
    run = staff.get("/training/r2").text
    assert "The gate" in run and "Not enough evidence" in run and 'action="/desk/training' not in run
    assert "New run" not in staff.get("/training").text
    token = token_in(run)
    for path, fields in (
        ("/training/r1", {"do": "pause"}),
        ("/training/r2/decision", {"decision": "keep", "why": "x"}),
    ):
        reply = staff.post(path, data={"form_token": token, **fields})
        assert reply.status_code == 403 and "This is for staff." in reply.text


def test_a_decision_has_a_reason_and_promotes_what_was_seen(staff: httpx.Client, desk: Stub) -> None:
    staff.cookies.clear()
    sign_in(staff, "Cleo Head")
    page = staff.get("/training/r2").text
    assert "Why the gate is passed by" in page and '<option value="letters 0">letters (new)' in page
    promote = {"decision": "promote", "why": "it cites better", "alias": "letters 7", "share": "25",
               "automatic": "yes", "answers_needed": "300", "override": "seen by three of us"}  # fmt: skip
    done = send(staff, "/training/r2/decision", **promote)
    assert done.headers["location"] == "/desk/training/r2?said=decided-promote"
    assert desk.asked == [
        DecisionRequest(
            decision="promote", why="it cites better", override="seen by three of us", alias="letters", share=25,
            automatic=True, answers_needed=300, revision=7,
        )
    ]  # fmt: skip
    page = staff.get("/training/r2").text
    assert "it cites better" in page and "Passed by, because: <bdi>seen by three of us</bdi>" in page


def test_keeping_the_old_one_touches_no_alias(staff: httpx.Client, desk: Stub) -> None:
    keep = {"decision": "keep", "why": "not better", "alias": "letters 7", "share": "100", "override": "no"}
    assert send(staff, "/training/r2/decision", **keep).headers["location"].endswith("said=decided-keep")
    assert desk.asked == [DecisionRequest(decision="keep", why="not better")]


@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        ({"alias": "letters 6"}, 409, "was changed meanwhile by Ben Approver"),
        ({"override": ""}, 409, "Wait for what is missing."),
        ({"why": ""}, 400, "Why: String should have at least 1 character."),
        ({"decision": ""}, 400, "Choose what is to become of it."),
        ({"share": "33"}, 400, "Share:"),
    ],
)
def test_a_decision_that_is_refused_keeps_its_form(
    staff: httpx.Client, desk: Stub, changed: dict[str, str], status: int, told: str
) -> None:
    staff.cookies.clear()
    sign_in(staff, "Cleo Head")
    fields = {"decision": "promote", "why": "my <i>long</i> reason", "alias": "letters 7", "share": "25",
              "automatic": "yes", "override": "words kept", **changed}  # fmt: skip
    reply = send(staff, "/training/r2/decision", **fields)
    assert reply.status_code == status and told in reply.text and desk.asked == []
    assert field_of(reply.text, "why") == ("my &lt;i&gt;long&lt;/i&gt; reason" if fields["why"] else "")
    assert field_of(reply.text, "override") == fields["override"]
    assert re.search(r'name="automatic" value="yes" checked', reply.text)
    assert ('value="promote" required checked' in reply.text) == (fields["decision"] == "promote")


def test_an_exam_is_sat_again(staff: httpx.Client, desk: Stub) -> None:
    assert send(staff, "/training/r2", do="exam").headers["location"].endswith("said=exam-asked")
    assert len(desk.asked) == 1


def test_the_list_says_whose_corrections_are_live_and_what_must_go(staff: httpx.Client) -> None:
    page = staff.get("/training").text
    assert "Your 14 corrections are live in letters--v2." in page and "8 runs" in page
    assert len(re.findall(r'<th scope="row"><a href="/desk/training/r\d"', page)) == 8
    assert staff.get("/training/nowhere").status_code == 404


def test_a_card_is_read_and_taken_along(staff: httpx.Client) -> None:
    page = staff.get("/adapters/letters--v2-1a2b3c4d/card").text
    assert "<pre" in page and "As a file (README.md)" in page
    file = staff.get("/adapters/letters--v2-1a2b3c4d/card.md")
    assert file.headers["content-disposition"] == 'attachment; filename="README.md"'
    assert file.text == "markdown" and file.headers["content-type"].startswith("text/markdown")


async def test_from_the_estimate_to_the_decision_with_the_keyboard_alone(
    sign_in: SignIn, desk: Stub, desk_url: str
) -> None:
    page = await sign_in("Ben Approver")
    await press_until(page, "one.textContent === 'Training'")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/training")
    await press_until(page, "one.textContent === 'New run'")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/training/new")
    await press_until(page, "one.value === 'recommended'")
    await page.keyboard.press("ArrowUp")
    await press_until(page, "one.value === 'estimate'")
    await page.keyboard.press("Enter")
    await expect(page.locator("#estimate")).to_be_focused()
    await expect(page.locator("main")).to_contain_text("it only tries the machinery")
    await press_until(page, "one.value === 'start'")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/training/r9?said=run-asked")
    (estimated, asked) = desk.asked
    assert isinstance(estimated, EstimateRequest) and isinstance(asked, RunRequest)
    assert asked.recipe == estimated.recipe == {"epochs": 1, "checks": 1, "smoke": True}
    await page.goto(f"{desk_url}/training/r2")
    await press_until(page, "one.name === 'decision'")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await press_until(page, "one.name === 'why'")
    await page.keyboard.type("too few letters of the 1850s")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**said=decided-more")
    assert desk.asked[-1] == DecisionRequest(decision="more data", why="too few letters of the 1850s")


async def test_a_page_that_waits_is_not_taken_from_under_the_hands(
    sign_in: SignIn, desk: Stub, desk_url: str
) -> None:
    page = await sign_in("Ben Approver")
    await page.clock.install()
    await page.goto(f"{desk_url}/training/r1")
    await press_until(page, "one.value === 'pause'")
    await page.evaluate("window.stays = true")
    await page.clock.fast_forward(60_000)
    assert await page.evaluate("window.stays")
    await page.evaluate("document.activeElement.blur()")
    async with page.expect_navigation():
        await page.clock.fast_forward(11_000)
    assert await page.evaluate("window.stays === undefined")


def test_curves_are_drawn_to_scale_and_bear_what_is_no_number() -> None:
    chart = draw_curves([(1, 2.0), (2, float("nan")), (10, 1.0)], [(0, 2.0), (10, 1.5), (5, float("inf"))])
    (lessons,) = re.findall(r'<polyline class="lessons" points="([^"]*)"', chart)
    first, last = (tuple(map(float, place.split(","))) for place in lessons.split())
    dots = [float(y) for y in re.findall(r'<circle [^>]*cy="([\d.]+)"', chart)]
    assert first[1] == pytest.approx(dots[0]) and dots[1] == pytest.approx((first[1] + last[1]) / 2, abs=0.1)
    assert "nan" not in chart and "inf" not in chart and "step 10" in chart
    assert draw_curves([], []) == "" and draw_curves([(1, float("nan"))], []) == ""
    assert "<circle" in draw_curves([], [(0, 1.0)])


def test_long_curves_are_thinned_to_means() -> None:
    points = thin([(step, float(step % 2)) for step in range(1, 1001)], 300)
    assert len(points) == 250 and points[-1] == (1000, 0.5) and thin([], 300) == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (say_span(None), "not known"), (say_span(0.2), "less than a second"), (say_span(1), "1 second"),
        (say_span(59.7), "1 minute"), (say_span(60), "1 minute"), (say_span(754), "13 minutes"),
        (say_span(3_599), "1 hour"), (say_span(12_000), "3 hours 20 minutes"), (say_span(90_000), "1 day 1 hour"),
        (say_bytes(2_400_000_000), "2.4 GB"), (say_bytes(8e9), "8 GB"), (say_bytes(400), "0 kB"),
        (say_energy(0.012), "12 Wh"), (say_energy(0.0012), "1.2 Wh"), (say_energy(1.5), "1.50 kWh"),
        (say_points(-0.031), "−3.1"), (say_points(0.1), "+10"), (say_points(-0.0001), "0"), (say_points(None), "?"),
    ],
)  # fmt: skip
def test_measures_are_said_as_people_say_them(said: str, expected: str) -> None:
    assert said == expected


@pytest.mark.parametrize(
    ("better", "low", "high", "expected"),
    [
        ("higher", 0.02, 0.2, ("good", "surely better")),
        ("higher", -0.2, -0.01, ("stop", "surely worse")),
        ("lower", -0.2, -0.01, ("good", "surely better")),
        ("lower", 0.02, 0.2, ("stop", "surely worse")),
        ("same", 0.02, 0.2, ("warn", "surely more")),
        ("higher", -0.1, 0.2, ("", "may be chance")),
        ("higher", 0.0, 0.0, ("", "the same")),
        ("higher", None, None, ("", "not known")),
    ],
)
def test_a_difference_is_sure_only_beyond_its_bounds(
    better: str, low: float | None, high: float | None, expected: tuple[str, str]
) -> None:
    difference = FigureInfo(value=0.1, low=low, high=high, count=20)
    told = {
        "name": "m",
        "label": "m",
        "better": better,
        "scale": "share",
        "figures": {},
        "difference": difference,
    }
    assert read_difference(MeasureInfo.model_validate(told)) == expected


@pytest.mark.parametrize(
    ("done", "percent"), [(0.424, 42), (7, 100), (-1, 0), (None, None), ("half", None), (True, None), (float("nan"), None)]
)  # fmt: skip
def test_what_a_job_says_of_itself_is_a_number_or_nothing(done: object, percent: int | None) -> None:
    assert read_share({"done": done}) == percent
    assert read_number({}, "seconds_left") is None


def test_the_choices_and_what_is_typed_over_them() -> None:
    assert [name_effort(effort.recipe) for effort in EFFORTS] == ["Quick test", "Recommended", "Thorough"]
    typed = {"epochs": "auto", "rate": "1e-4", "leave_out": "yes", "method": "head", "rank": "", "seed": "7"}
    recipe = make_recipe("thorough", typed)
    assert recipe == {
        "checks": 4,
        "patience": 4,
        "rate": 0.0001,
        "leave_out": True,
        "method": "head",
        "seed": 7,
    }
    assert name_effort(recipe) == ""
