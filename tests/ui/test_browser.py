"""The page in a real browser: what a patron sees, presses, hears and can be attacked with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, Page, expect

from tests.ui.stub_gateway import PERSON, YEARS, Stub

QUESTION = "Did Ellen Marsh write to her brother in 1905?"
THANKS = "Thank you, kept until 21 November 2027. To have it deleted before, give the staff this number: feedback-1"


async def ask(page: Page, question: str) -> None:
    """Type a question and send it with Enter."""
    await page.locator("#question textarea").fill(question)
    await page.keyboard.press("Enter")


async def answered(page: Page, question: str = QUESTION) -> None:
    """Ask and wait for the whole answer."""
    turn = await page.locator(".turn").count() + 1
    await ask(page, question)
    await expect(page.locator(f"#present #turn-{turn} .list-heading")).to_have_count(1)
    await expect(page.locator("#announcer")).to_contain_text("Answer ready")


async def open_all(page: Page) -> None:
    """Open every list and every card of the newest turn."""
    cards = page.locator("#present details")
    assert await cards.count() > 1
    await cards.evaluate_all("cards => cards.forEach(card => (card.open = true))")


async def wait_until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for something on the server's side."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        await asyncio.sleep(0.05)


async def test_an_answer_streams_and_its_citation_opens_the_source(page: Page) -> None:
    await answered(page)
    turn = page.locator("#present .turn")
    await expect(turn.locator("h2")).to_contain_text(QUESTION)
    await expect(turn.locator(".answer > p").first).to_contain_text(
        "about “the flood at the mill” source [1]."
    )
    first, second = page.locator("#turn-1-source-1"), page.locator("#turn-1-source-2")
    assert await first.get_attribute("open") is not None
    assert await second.get_attribute("open") is None

    await page.get_by_role("link", name="source [2]").click()

    assert await second.get_attribute("open") is not None
    await expect(second.locator("summary")).to_be_focused()
    await expect(second).to_contain_text("Box 2, folder 2 (inferred)")
    await expect(second).to_contain_text("Marsh family papers › Series 1: Correspondence › Ellen Marsh")
    await expect(second).to_contain_text(
        "Letters after 1950 are closed until 2030. Stated for: Marsh family papers"
    )
    link = second.get_by_role("link", name="Full record")
    assert await link.get_attribute("href") == "records/marsh/letters/2"
    assert "noreferrer" in (await link.get_attribute("rel") or "")


async def test_the_record_link_stays_on_the_address_the_patron_uses(page: Page, url: str) -> None:
    await answered(page)
    async with page.context.expect_page() as opened:
        await page.locator("#turn-1-source-1").get_by_role("link", name="Full record").click()
    record = await opened.value
    await record.wait_for_load_state()
    assert record.url == f"{url}/records/marsh/letters/1"
    assert "Record" in await record.content()


@pytest.mark.parametrize("clipboard", [True, False], ids=["clipboard api", "plain http"])
async def test_copy_citation_really_copies(page: Page, url: str, clipboard: bool) -> None:
    if not clipboard:
        await page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        await page.reload()
        await page.wait_for_selector("button.example")
    await answered(page)
    button = page.locator("#turn-1-source-1 button.copy")
    await button.click()
    await expect(button).to_have_text("Copied")
    await page.locator("#question textarea").focus()
    await page.keyboard.press("Control+V")
    await expect(page.locator("#question textarea")).to_have_value(
        "Letter, 14 March 1905, Box 2, folder 1, Marsh family papers, MS 12."
    )


async def test_not_found_says_what_was_searched_and_whom_to_ask(page: Page) -> None:
    await ask(page, "Have you nothing on airships?")
    told = page.locator("#present .not-found")
    await expect(told).to_contain_text("1,234 passages in 2 collections")
    await expect(told).to_contain_text("Marsh family papers; Harrow Point Mill records")
    await expect(told).to_contain_text("Looked forEllen Marsh")
    await expect(told).to_contain_text("Nothing fitted1905 to 1906")
    await expect(told).to_contain_text("Ask at the reference desk.")
    await expect(page.locator("#present .list-heading")).to_have_count(0)
    await expect(page.locator("#present details.more > summary")).to_have_text(
        "Closest, but may not answer 2"
    )
    assert await page.locator("#present details.more").get_attribute("open") is None


async def test_a_follow_up_carries_the_earlier_turns(page: Page, stub: Stub) -> None:
    await answered(page)
    await expect(page.get_by_label("Ask a follow-up question")).to_be_visible()
    await ask(page, "And to her sister?")
    await expect(page.locator("#turn-2 details.source")).to_have_count(4)
    await expect(page.locator("#past #turn-1 details.source")).to_have_count(4)
    sent = [(message.role, message.text) for message in stub.chats[-1].messages]
    assert [role for role, _ in sent] == ["user", "assistant", "user"]
    assert sent[0][1] == QUESTION and sent[2][1] == "And to her sister?"
    assert sent[1][1].startswith("Ellen Marsh wrote to her brother on 14 March 1905")


@pytest.mark.parametrize("width", [390, 1280])
async def test_a_new_question_comes_to_the_top_and_stays_while_its_answer_grows(
    page: Page, width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 844})
    for question in ("One?", "Two?", "Three?"):
        await answered(page, question)
    top = await page.locator("#present h2").evaluate("element => element.getBoundingClientRect().top")
    assert 0 <= top < 100
    await page.mouse.wheel(0, -200)
    await page.wait_for_timeout(300)
    assert (
        await page.locator("#present h2").evaluate("element => element.getBoundingClientRect().top")
        > top + 100
    )


async def test_collections_and_years_limit_the_search(page: Page, stub: Stub) -> None:
    await page.get_by_role("button", name="Choose collections or years").click()
    await page.get_by_label("Harrow Point Mill records").check()
    await page.get_by_label("From year").fill("1910")
    await page.get_by_label("To year").fill("1905")
    await answered(page)
    options = stub.chats[-1].reading_room
    assert options.collections == ["mill"]
    assert (options.filters.year_from, options.filters.year_to) == (1905, 1910)

    await page.get_by_label("To year").fill("last year")
    await ask(page, QUESTION)
    await expect(page.locator("#status .hint")).to_contain_text("“last yea” is not a year")
    assert len(stub.chats) == 1


async def test_a_wrong_reading_is_taken_away_and_put_back(page: Page, stub: Stub) -> None:
    await answered(page)
    readings = page.get_by_role("group", name="How your question was read")
    person, years = readings.get_by_label("Ellen Marsh"), readings.get_by_label("1905 to 1906")
    await expect(person).to_be_checked()
    await expect(years).not_to_be_checked()

    await person.uncheck()
    await wait_until(lambda: len(stub.chats) == 2)
    await expect(page.locator("#turn-1 details.source")).to_have_count(4)
    await expect(person).not_to_be_checked()
    assert [chat.reading_room.without for chat in stub.chats] == [[], sorted([PERSON, YEARS])]
    assert [message.text for message in stub.chats[-1].messages] == [QUESTION]
    await expect(page.locator("article.turn")).to_have_count(1)

    await person.check()
    await wait_until(lambda: len(stub.chats) == 3)
    await expect(person).to_be_checked()
    await expect(page.locator("#turn-1 details.source")).to_have_count(4)
    assert stub.chats[-1].reading_room.without == [YEARS]

    await page.get_by_role("button", name="New conversation").click()
    await expect(readings).to_be_hidden()


async def test_an_empty_question_and_empty_years_send_nothing_wrong(page: Page, stub: Stub) -> None:
    await ask(page, "   ")
    await expect(page.locator("#status .hint")).to_have_text("Please write a question first.")
    await answered(page)
    filters = stub.chats[-1].reading_room.filters
    assert (len(stub.chats), filters.year_from, filters.year_to) == (1, None, None)


async def test_feedback_is_sent_once_even_when_the_first_try_fails(page: Page, stub: Stub) -> None:
    await answered(page)
    stub.feedback_fails = 1
    await page.get_by_role("button", name="No", exact=True).click()
    await page.get_by_label("A name or a date is wrong").check()
    await page.get_by_label("What the answer should have been").fill("It was on 15 March.")
    await page.get_by_role("button", name="Send to the staff").click()
    await expect(page.locator("#feedback-note")).to_contain_text("Nothing you wrote is lost.")
    await page.get_by_role("button", name="Send to the staff").click()
    await expect(page.locator("#feedback-note")).to_have_text(THANKS)
    await expect(page.locator("#feedback-form")).to_have_count(0)
    (kept,) = stub.feedback
    assert (kept.thumb, kept.reasons) == ("down", ["wrong_name_or_date"])
    assert kept.corrected_answer == "It was on 15 March."
    assert kept.question == "" and kept.answer == ""
    assert (kept.conversation, kept.consent) == (stub.chats[-1].reading_room.conversation, "feedback-1")


async def test_one_press_says_the_answer_was_helpful(page: Page, stub: Stub) -> None:
    await answered(page)
    await page.get_by_role("button", name="Yes", exact=True).click()
    await expect(page.locator("#feedback-note")).to_have_text(THANKS)
    (kept,) = stub.feedback
    assert (kept.thumb, kept.reasons) == ("up", ["helpful"])


async def test_a_forgotten_answer_is_sent_along_with_its_feedback(page: Page, stub: Stub) -> None:
    await answered(page)
    stub.forgotten.add(f"chatcmpl-{abs(hash(QUESTION)):x}")
    await page.get_by_role("button", name="Yes", exact=True).click()
    await expect(page.locator("#feedback-note")).to_contain_text("Thank you")
    (kept,) = stub.feedback
    assert kept.question == QUESTION and kept.answer.startswith("Ellen Marsh wrote")


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("please break", "The engine stopped. Ask again."),
        ("so busy", "Too many answers are being written at once."),
        ("cut it", "The answer broke off before it was complete. Please ask again."),
    ],
)
async def test_a_failure_is_a_plain_sentence_and_the_question_stays(
    page: Page, question: str, sentence: str
) -> None:
    await ask(page, question)
    await expect(page.locator("#present .problem")).to_contain_text(sentence)
    await expect(page.locator("#question textarea")).to_have_value(question)
    await expect(page.locator("#announcer")).to_contain_text(sentence)
    assert "Traceback" not in await page.content()
    await answered(page)


async def test_a_full_queue_says_so_and_the_question_stays(page: Page) -> None:
    full = '{"detail": "Queue is full. Max size is 128 and size is 128."}'
    await page.route(
        "**/queue/join*", lambda route: route.fulfill(status=503, content_type="application/json", body=full)
    )
    await ask(page, QUESTION)
    await expect(page.get_by_text("This application is currently busy. Please try again.")).to_be_visible()
    await expect(page.locator("#question textarea")).to_have_value(QUESTION)
    await page.unroute("**/queue/join*")
    await answered(page)


@pytest.mark.parametrize("question", ["a slow answer", "a late answer"])
@pytest.mark.parametrize("button", ["Stop", "New conversation"])
async def test_stopping_ends_the_generation_upstream(
    page: Page, stub: Stub, question: str, button: str
) -> None:
    await ask(page, question)
    await wait_until(lambda: stub.running == 1)
    await page.wait_for_timeout(700)
    await page.get_by_role("button", name=button).click()
    await wait_until(lambda: stub.dropped == 1 and stub.running == 0)
    await expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    await expect(page.locator("#question textarea")).to_be_focused()
    await page.wait_for_timeout(700)
    await expect(page.locator("#present .turn")).to_have_count(1 if button == "Stop" else 0)
    if button == "Stop":
        await expect(page.locator("#present .aside")).to_have_text("Stopped. You can ask again.")
    await answered(page)
    assert len(stub.chats[-1].messages) == 1


@pytest.mark.parametrize("question", ["a slow answer", "a late answer"])
async def test_closing_the_tab_ends_the_generation_upstream(page: Page, stub: Stub, question: str) -> None:
    await ask(page, question)
    await wait_until(lambda: stub.running == 1)
    await page.close()
    await wait_until(lambda: stub.dropped == 1 and stub.running == 0)


async def test_closing_the_tab_before_it_has_begun_to_listen_ends_it_too(page: Page, stub: Stub) -> None:
    await page.route("**/gradio_api/queue/data*", lambda route: route.abort())
    await ask(page, "a late answer")
    await wait_until(lambda: stub.running == 1)
    await page.close()
    await wait_until(lambda: stub.dropped == 1 and stub.running == 0)


async def test_new_conversation_leaves_nothing_behind(page: Page, stub: Stub) -> None:
    await answered(page)
    await page.locator("#question textarea").fill("half a thought")
    await page.get_by_role("button", name="New conversation").click()
    await expect(page.locator(".turn")).to_have_count(0)
    await expect(page.locator("#question textarea")).to_have_value("")
    await expect(page.locator("button.example").first).to_be_visible()
    kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "Ellen" not in kept and "brother" not in kept
    assert await page.evaluate("indexedDB.databases().then(found => found.length)") == 0
    assert await page.context.cookies() == []
    await answered(page, "Who kept the mill?")
    assert len(stub.chats[-1].messages) == 1


async def test_two_patrons_do_not_see_each_other(page: Page, browser: Browser, url: str, stub: Stub) -> None:
    await answered(page)
    other = await (await browser.new_context()).new_page()
    await other.goto(url)
    await other.wait_for_selector("button.example")
    await answered(other, "Who kept the mill?")
    assert len(stub.chats[-1].messages) == 1
    assert "Ellen Marsh write" not in await other.locator("#present h2").inner_text()
    await other.context.close()


async def test_a_thousand_attacks_in_one_answer_stay_text(page: Page) -> None:
    asked: list[str] = []
    dialogs: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await answered(page, "barrage")
    present = page.locator("#present .md")
    ours = "article, h2, div, p, bdi, span, a, strong, br, ul, li, mark, h3, details, summary, blockquote, dl, dt, dd"
    assert await present.locator(f"*:not({ours}, button.copy)").count() == 0
    links = await present.locator(".answer > :not(.sources, details) a").evaluate_all(
        "links => [...new Set(links.map(link => link.getAttribute('href')))]"
    )
    assert set(links) <= {f"#turn-1-source-{number}" for number in range(1, 5)}
    text = await present.inner_text()
    assert text.count("window.hacked=1") > 500 and "undefined" not in text
    assert await page.evaluate("window.hacked") is None
    assert [address for address in asked if "evil" in address] == [] and dialogs == []
    assert await page.evaluate("window.violations") == []
    assert await page.locator("#question, #announcer").count() == 2


async def test_hostile_records_and_answers_stay_text(page: Page) -> None:
    asked: list[str] = []
    dialogs: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await ask(page, "hostile <img src=x onerror=window.hacked=1> </h2><script>window.hacked=1</script>")
    await expect(page.locator("#announcer")).to_contain_text("Answer ready")
    await open_all(page)
    present = page.locator("#present .md")
    assert await page.evaluate("window.hacked") is None
    assert await present.locator("img, script, style, iframe, svg, [onerror], [style]").count() == 0
    links = await present.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert all(link.startswith(("#turn-1-source-", "records/")) for link in links) and len(links) > 4
    # The cards still stand side by side: no title has closed one early.
    assert await present.locator(".sources > details.source").count() == 4
    text = await present.inner_text()
    assert "<script>window.hacked=1</script>" in text and "\u202e" not in text and "\x1b" not in text
    assert "undefined" not in text
    assert dialogs == [] and await page.evaluate("window.violations") == []
    assert [address for address in asked if "evil" in address] == []
    await expect(page.locator("#ask-form #question textarea")).to_be_visible()


async def test_no_request_leaves_the_origin_and_no_policy_is_broken(browser: Browser, url: str) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    addresses: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    await page.wait_for_selector("button.example")
    await answered(page)
    assert len(addresses) > 10
    assert [address for address in addresses if not address.startswith((url, "data:"))] == []
    assert complaints == []
    await context.close()


async def test_the_keyboard_alone_is_enough(page: Page) -> None:
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the question box")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Your question")).to_be_focused()
    await page.keyboard.type(QUESTION)
    await page.keyboard.press("Enter")
    await expect(page.locator("#announcer")).to_have_text("Answer ready, 2 sources.")
    await expect(page.get_by_label("Ask a follow-up question")).to_be_focused()
    await page.get_by_role("link", name="source [2]").focus()
    await page.keyboard.press("Enter")
    summary = page.locator("#turn-1-source-2 > summary")
    await expect(summary).to_be_focused()
    assert await summary.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    await page.keyboard.press("Space")
    assert await page.locator("#turn-1-source-2").get_attribute("open") is None
    scope = page.get_by_role("button", name="Choose collections or years")
    assert await scope.get_attribute("aria-expanded") == "false"
    await scope.focus()
    await page.keyboard.press("Space")
    await expect(scope).to_have_attribute("aria-expanded", "true")


async def test_a_screen_reader_finds_its_way(page: Page) -> None:
    await page.get_by_role("button", name="Choose collections or years").click()
    await answered(page)
    tree = await page.locator("body").aria_snapshot()
    for part in (
        "- banner:",
        '- heading "Harrow Point Library, Special Collections" [level=1]',
        "- main:",
        f'heading "You asked: {QUESTION}" [level=2]',
        '- heading "Cited 2" [level=3]',
        '- textbox "Ask a follow-up question"',
        '- button "Ask"',
        'group "Collections (none chosen: all are searched)"',
        "- contentinfo:",
    ):
        assert part in tree, tree


async def test_token_streaming_is_not_announced(page: Page) -> None:
    await page.evaluate(
        """() => {
          window.heard = [];
          const seen = new Map();
          new MutationObserver(() => {
            for (const live of document.querySelectorAll("[aria-live]")) {
              if (seen.get(live) !== live.textContent) {
                seen.set(live, live.textContent);
                if (live.textContent) window.heard.push(live.textContent);
              }
            }
          }).observe(document.body, {subtree: true, childList: true, characterData: true});
        }"""
    )
    await answered(page)
    heard = await page.evaluate("window.heard")
    assert heard == ["Looking through the collections.", "Answer ready, 2 sources."]


@pytest.mark.parametrize("question", [QUESTION, "hostile", "nothing"])
async def test_a_phone_needs_no_sideways_scrolling(browser: Browser, url: str, question: str) -> None:
    context = await browser.new_context(
        viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True
    )
    page = await context.new_page()
    await page.goto(url)
    await page.wait_for_selector("button.example")
    await page.get_by_role("button", name="Choose collections or years").click()
    await ask(page, question)
    await page.wait_for_selector("#present details")
    await open_all(page)
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width == 360
    small = await page.locator("button:visible").evaluate_all(
        "buttons => buttons.filter(each => each.getBoundingClientRect().height < 24).map(each => each.outerHTML)"
    )
    assert small == []
    await context.close()


async def test_passages_are_shown_where_the_engine_is_down(page: Page) -> None:
    await ask(page, "is it down?")
    await expect(page.locator("#present .aside")).to_contain_text("Answers cannot be written just now")
    await expect(page.locator("#present .list-heading")).to_have_text("These may help 2")


async def test_an_unverified_identifier_is_marked(page: Page) -> None:
    await answered(page, "Where is it kept, unverified?")
    await expect(page.locator("#present mark.unverified")).to_have_text("MS 99 (not in the sources)")


async def test_an_example_asks_its_question(page: Page, stub: Stub) -> None:
    await page.get_by_role("button", name="What is in the Marsh family papers?").click()
    await expect(page.locator("#announcer")).to_contain_text("Answer ready")
    assert stub.chats[-1].messages[-1].text == "What is in the Marsh family papers?"
    await expect(page.locator("#question textarea")).to_be_focused()
