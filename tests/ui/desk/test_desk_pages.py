"""The desk without a browser: who comes in, what each reply carries, what a form may do, what is never lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.ui.desk.stub_desk import PASSWORD, PEOPLE, Stub
from tests.ui.desk.stub_rooms import ROOMS
from ui.desk.charts import draw_bars, draw_days, round_up
from ui.desk.keys import CHOICES, read_keys

ORIGIN = re.compile(r"https?://[^/]+")
COOKIE = "reading-room-desk"


@pytest.fixture
def browser_of(desk: Stub, desk_url: str) -> Iterator[httpx.Client]:
    """A browser without scripts: it keeps cookies, follows nothing by itself, and says where it sends from."""
    found = ORIGIN.match(desk_url)
    assert found
    with httpx.Client(base_url=desk_url, headers={"Origin": found[0]}, timeout=30) as client:
        yield client


def token_in(page: str) -> str:
    """The form token of a page."""
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)
    assert found, page[:2000]
    return found[1]


def sign_in(client: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    door = client.get("/sign-in?to=%2Fpairs")
    return client.post(
        "/sign-in",
        data={"form_token": token_in(door.text), "name": name, "password": password, "to": "/pairs"},
    )


def form_of(client: httpx.Client, path: str) -> dict[str, str]:
    """The hidden fields of the page that a form on it sends."""
    page = client.get(path).text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    return {
        name: fields[name]
        for name in ("form_token", "revision", "entry", "idempotency_key")
        if name in fields
    }


def test_the_session_lies_in_a_cookie_that_only_the_desk_gets(browser_of: httpx.Client) -> None:
    reply = sign_in(browser_of, "Ada Curator")
    assert (reply.status_code, reply.headers["location"]) == (303, "/desk/pairs")
    (cookie,) = [one for one in reply.headers.get_list("set-cookie") if one.startswith(f"{COOKIE}=")]
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        "path=/desk",
        "samesite=strict",
    }


@pytest.mark.parametrize(
    "to", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/../x", "javascript:1"]
)
def test_signing_in_leads_nowhere_else(browser_of: httpx.Client, to: str) -> None:
    door = browser_of.get("/sign-in", params={"to": to})
    data = {"form_token": token_in(door.text), "name": "Ada Curator", "password": PASSWORD, "to": to}
    assert browser_of.post("/sign-in", data=data).headers["location"] == "/desk/inbox"


def test_a_wrong_password_is_a_plain_sentence_and_the_name_is_kept(browser_of: httpx.Client) -> None:
    reply = sign_in(browser_of, "Ada Curator", "guess")
    assert reply.status_code == 403
    assert "Name or password are wrong." in reply.text and 'value="Ada Curator"' in reply.text
    assert "guess" not in reply.text


def test_the_librarys_own_sign_in_comes_back_to_the_browser_it_began_in(
    browser_of: httpx.Client, desk: Stub
) -> None:
    door = browser_of.get("/sign-in")
    assert "Sign in with Library sign-in" in door.text
    away = browser_of.post("/sign-in/oidc", data={"form_token": token_in(door.text)})
    assert 'href="https://sign-in.example/authorize?state=s1&amp;nonce=n1"' in away.text
    (cookie,) = [one for one in away.headers.get_list("set-cookie") if "desk-flow=" in one]
    assert "samesite=lax" in cookie.lower() and "httponly" in cookie.lower()
    back = browser_of.get("/oidc", params={"code": "c", "state": "s1"})
    assert back.status_code == 200 and browser_of.get("/inbox").status_code == 200
    assert list(desk.tokens.values()) == ["Ada Curator"]
    browser_of.cookies.clear()
    stolen = browser_of.get("/oidc", params={"code": "c", "state": "s1"})
    assert stolen.status_code == 400 and "Sign in" in stolen.text


@pytest.mark.parametrize("path", ROOMS)
def test_every_room_is_shut_to_strangers(browser_of: httpx.Client, path: str) -> None:
    reply = browser_of.get(path)
    assert reply.status_code == 303 and reply.headers["location"].startswith("/desk/sign-in?to=%2F")


@pytest.mark.parametrize("path", [*ROOMS, "/nowhere", "/files/desk.css"])
def test_every_reply_is_dressed(browser_of: httpx.Client, path: str) -> None:
    sign_in(browser_of, "Cleo Head")
    reply = browser_of.get(path)
    assert reply.status_code == (404 if path == "/nowhere" else 200), reply.text
    policy = reply.headers["content-security-policy"]
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    if path.startswith("/files"):
        assert "immutable" in reply.headers["cache-control"]
        return
    assert reply.headers["cache-control"] == "no-store"
    # Nothing inline: no script or style but by address, no handler, no style attribute.
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", reply.text)
    assert set(re.findall(r'(?:src|href)="(https?:[^"]*)"', reply.text)) == set()


def test_only_rooms_that_are_open_have_a_door(browser_of: httpx.Client) -> None:
    doors = {}
    for name in PEOPLE:
        browser_of.cookies.clear()
        sign_in(browser_of, name)
        doors[name] = set(re.findall(r'<li><a href="/desk/(\w+)"', browser_of.get("/pairs").text))
    assert doors["Ada Curator"] == {
        "inbox", "pairs", "usage", "datasets", "training", "adapters", "comparisons", "sources",
    }  # fmt: skip
    assert doors["Ben Approver"] == doors["Ada Curator"] | {"instructions"}
    assert doors["Cleo Head"] == doors["Ben Approver"] | {"people", "audit", "settings"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/inbox/g1", "/people"])
def test_what_another_site_sends_is_refused(
    browser_of: httpx.Client, desk: Stub, headers: dict[str, str], path: str
) -> None:
    sign_in(browser_of, "Cleo Head")
    data = {**form_of(browser_of, "/inbox/g1"), "verdict": "ignore"}
    reply = browser_of.post(path, data=data, headers=headers)
    assert reply.status_code == 403 and "from another page" in reply.text
    assert desk.judged == [] and len(desk.tokens) == 1


def test_a_form_of_another_session_does_nothing_and_comes_back(browser_of: httpx.Client, desk: Stub) -> None:
    sign_in(browser_of, "Ada Curator")
    data = {**form_of(browser_of, "/inbox/g1"), "verdict": "fix", "answer": "To her brother [1]."}
    browser_of.cookies.clear()
    sign_in(browser_of, "Ben Approver")
    reply = browser_of.post("/inbox/g1", data=data)
    assert reply.status_code == 409 and "To her brother [1]." in reply.text
    assert desk.judged == []
    data["form_token"] = token_in(reply.text)
    assert browser_of.post("/inbox/g1", data=data).status_code == 303
    assert [(one.verdict, one.answer) for one in desk.judged] == [("fix", "To her brother [1].")]


def test_what_is_sent_after_the_session_ended_is_kept(browser_of: httpx.Client, desk: Stub) -> None:
    sign_in(browser_of, "Ada Curator")
    data = {**form_of(browser_of, "/inbox/g1"), "verdict": "fix", "answer": "<b>To</b> her brother."}
    desk.tokens.clear()
    reply = browser_of.post("/inbox/g1", data=data)
    assert "You are signed out by now" in reply.text
    assert "&lt;b&gt;To&lt;/b&gt; her brother." in reply.text and "<b>" not in reply.text
    assert desk.judged == []


def test_a_password_is_on_no_page(browser_of: httpx.Client, desk: Stub) -> None:
    sign_in(browser_of, "Cleo Head")
    token = token_in(browser_of.get("/people").text)
    desk.tokens.clear()
    data = {"form_token": token, "do": "add-person", "name": "Dora Ng", "password": "never shown"}
    reply = browser_of.post("/people", data=data)
    assert "Dora Ng" in reply.text and "never shown" not in reply.text


def test_a_conflict_shows_who_was_quicker_and_keeps_what_was_written(
    browser_of: httpx.Client, desk: Stub
) -> None:
    sign_in(browser_of, "Ada Curator")
    seen = form_of(browser_of, "/inbox/g1")
    assert browser_of.post("/inbox/g1", data={**seen, "verdict": "ignore"}).status_code == 303
    late = {**seen, "verdict": "fix", "answer": "My long work", "idempotency_key": "another"}
    reply = browser_of.post("/inbox/g1", data=late)
    assert reply.status_code == 409
    assert "Ben Approver judged this a minute ago" in reply.text
    assert "My long work" in reply.text and "Ada Curator: ignored" in reply.text
    assert [one.verdict for one in desk.judged] == ["ignore"]


def test_the_answer_to_fix_is_filled_in_without_marks(browser_of: httpx.Client) -> None:
    sign_in(browser_of, "Ada Curator")
    page = browser_of.get("/inbox/g1").text
    shown = "Ellen Marsh wrote of the flood to her sister [1], see {}."
    assert shown.format("⟨unverified: MS 99⟩") in page
    assert f"\n{shown.format('MS 99')}</textarea>" in page


def test_a_fix_names_its_passages_and_its_own_question(browser_of: httpx.Client, desk: Stub) -> None:
    sign_in(browser_of, "Ada Curator")
    data = {
        **form_of(browser_of, "/inbox/g1"),
        "verdict": "fix",
        "answer": "To her brother [1].\r\nIn May.",
        "evidence": ["1", "3"],
        "records": "marsh/letters/9\r\n\r\n",
        "question_asked": "Did Ellen Marsh write of the flood?",
        "question": "To whom did she write?",
    }
    reply = browser_of.post("/inbox/g1", data=data)
    assert reply.headers["location"].startswith("/desk/inbox/g2?")
    (judged,) = desk.judged
    assert judged.evidence == [1, 3, "marsh/letters/9"]
    assert (judged.answer, judged.question) == ("To her brother [1].\nIn May.", "To whom did she write?")
    assert (judged.entry, judged.take_next) == ("e1-1", True)


def test_two_approvers_at_once(browser_of: httpx.Client, desk: Stub) -> None:
    sign_in(browser_of, "Ben Approver")
    seen = form_of(browser_of, "/pairs/p0")
    assert browser_of.post("/pairs/p0", data={**seen, "do": "approve"}).status_code == 303
    reply = browser_of.post("/pairs/p0", data={**seen, "do": "return", "note": "Please cite it."})
    assert reply.status_code == 409 and "changed this pair" in reply.text
    assert desk.pairs["p0"].state == "approved"


def test_a_new_pair_that_is_refused_keeps_its_form(browser_of: httpx.Client, desk: Stub) -> None:
    sign_in(browser_of, "Ada Curator")
    data = {**form_of(browser_of, "/pairs/new"), "question": "", "answer": "Kept words", "kind": "answer",
            "language": "en", "licence": "CC0", "records": "r1", "do": "submit"}  # fmt: skip
    reply = browser_of.post("/pairs/new", data=data)
    assert reply.status_code == 400 and "Question: String should have at least 1 character." in reply.text
    assert "Kept words" in reply.text and 'value="CC0"' in reply.text and len(desk.pairs) == 1
    assert browser_of.post("/pairs/new", data={**data, "question": "Who?"}).headers["location"] == (
        "/desk/pairs/p1?said=submitted"
    )


def test_a_form_that_is_too_large_is_refused_before_it_is_read(browser_of: httpx.Client, desk: Stub) -> None:
    sign_in(browser_of, "Ada Curator")
    data = {**form_of(browser_of, "/inbox/g1"), "verdict": "fix", "answer": "x" * 600_000}
    assert browser_of.post("/inbox/g1", data=data).status_code == 413
    assert desk.judged == []


def test_signing_out_ends_the_session_itself(browser_of: httpx.Client, desk: Stub) -> None:
    sign_in(browser_of, "Ada Curator")
    held = browser_of.cookies[COOKIE]
    browser_of.post("/sign-out", data={"form_token": token_in(browser_of.get("/inbox").text)})
    assert desk.tokens == {}
    browser_of.cookies.set(COOKIE, held, path="/desk")
    assert browser_of.get("/inbox").status_code == 303


def test_keys_can_be_changed_and_turned_off(browser_of: httpx.Client) -> None:
    sign_in(browser_of, "Ada Curator")
    assert 'data-key="g"' in browser_of.get("/inbox").text
    letters = {action: letter for action, (letter, _) in CHOICES.items()}
    token = token_in(browser_of.get("/keys").text)
    same = browser_of.post("/keys", data={**letters, "good": "f", "form_token": token})
    assert same.status_code == 400 and "no two may be the same" in same.text
    browser_of.post("/keys", data={**letters, "good": "9", "on": "yes", "form_token": token})
    page = browser_of.get("/inbox").text
    assert 'data-key="9"' in page and 'data-key="g"' not in page
    browser_of.post("/keys", data={**letters, "form_token": token})
    assert "data-key" not in browser_of.get("/inbox").text


@pytest.mark.parametrize("cookie", ["", "on.", "off.zz", "on.gggggggggg", "on.<script>!", "x" * 5000])
def test_a_strange_choice_of_keys_is_the_usual_one(cookie: str) -> None:
    keys = read_keys(cookie)
    assert keys.letters == {action: letter for action, (letter, _) in CHOICES.items()}


def test_a_chart_draws_each_day_to_scale() -> None:
    chart = draw_days([("2026-11-01", 3, 1), ("2026-11-02", 0, 0), ("2026-11-03", 5, 0)])
    heights = [float(height) for height in re.findall(r'<rect class="found"[^>]* height="([\d.]+)"', chart)]
    assert len(heights) == 2 and heights[0] / heights[1] == pytest.approx(3 / 5, abs=0.01)
    assert chart.count('class="absent"') == 1 and "1 Nov 2026" in chart and "3 Nov 2026" in chart
    assert draw_days([("2026-11-01", 0, 0)]) == ""


def test_a_chart_shows_hostile_labels_as_text() -> None:
    chart = draw_bars([("<script>1</script>", 2, 1)])
    assert "<script" not in chart and "&lt;script&gt;" in chart


@pytest.mark.parametrize(("number", "top"), [(1, 1), (3, 5), (6, 10), (11, 20), (21, 50), (501, 1000)])
def test_an_axis_ends_at_a_round_number(number: int, top: int) -> None:
    assert round_up(number) == top
