"""What answers and sources look like as HTML, and what hostile text in them comes to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from tests.ui.payloads import PAYLOADS
from tests.ui.stub_gateway import HOSTILE, make_details, make_source, make_text
from ui.conversation import MOST_TURNS, Conversation, Turn
from ui.plain import clean, escape, local_address, outside_address
from ui.render import announce, render_prose, render_turn, render_turns
from ui.sources import MOST_PASSAGE, render_source, render_sources

VOID = {"br"}
OURS = {
    "article", "a", "b", "bdi", "blockquote", "br", "button", "dd", "details", "div", "dl", "dt", "h2", "h3",
    "li", "mark", "p", "span", "strong", "summary", "ul",
}  # fmt: skip
OUR_ATTRIBUTES = {"class", "id", "href", "open", "dir", "type"}


@dataclass
class Reading(HTMLParser):
    """The elements of a piece of HTML, in order, and whether they nest."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open_: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open_.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open_ and self.open_.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reading:
    """Parse, and check that every element is ours, closed, and on one line."""
    assert "\n" not in html
    reading = Reading()
    reading.feed(html)
    reading.close()
    assert reading.open_ == []
    assert {tag for tag, _ in reading.tags} <= OURS
    assert {name for _, attributes in reading.tags for name in attributes} <= OUR_ATTRIBUTES
    return reading


def make_turn(question: str, **changes: object) -> Turn:
    return Turn(1, question, make_text(question), make_details(question), state="complete", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("question", ["hostile", "hostile nothing", "hostile down", "hostile unverified"])
def test_hostile_text_makes_no_element_and_no_link(question: str) -> None:
    reading = read(render_turn(make_turn(question)))
    links = [attributes["href"] or "" for tag, attributes in reading.tags if tag == "a"]
    assert links and all(link.startswith(("#turn-1-source-", "records/marsh/")) for link in links)
    assert "<script>window.hacked=1</script>" in reading.text
    assert "![shot](https://evil.example/?q=1)" in reading.text
    for unseen in ("\x1b", "\u202e", "\u202c"):
        assert unseen not in reading.text
    # Markdown's own tricks must not be left for the component that the HTML goes through.
    assert "%%%" not in render_turn(make_turn(question))


def test_a_thousand_attacks_make_no_element_in_any_field() -> None:
    assert len(PAYLOADS) >= 1_000
    for payload in PAYLOADS:
        source = make_source(1, text=payload).model_copy(
            update={"catalogue_url": payload, "record_url": payload}
        )
        read(render_source(source, 1, opened=True))
        read(render_turn(Turn(1, payload, payload, problem=payload, state="failed")))
        details = make_details("nothing").model_copy(update={"also_searched": [source], "ask_staff": payload})
        read(render_turn(Turn(1, payload, payload, details, state="complete")))
        assert "on" + "error=" not in "".join(re.findall(r"<[^>]*>", render_source(source, 1, opened=True)))


def test_every_text_field_of_a_source_is_escaped() -> None:
    source = make_source(1, text="<b>&\"'</b>")
    html = render_source(source, 1, opened=True)
    read(html)
    # Title, container, collection, passage, dates, call number, breadcrumb, repository, access and so on.
    assert html.count("&lt;b&gt;&amp;&quot;&#x27;&lt;/b&gt;") >= 12
    assert "<b>" not in html


def test_a_citation_links_to_its_source_and_other_brackets_stay() -> None:
    html = render_prose("He left in [1905] for Rome [2], then home [7].", turn=3, numbers={1, 2})
    assert html == (
        '<p dir="auto">He left in [1905] for Rome <a class="cite" href="#turn-3-source-2">'
        '<span class="unseen">source </span>[2]</a>, then home <span class="mark">[7]</span>.</p>'
    )


def test_paragraphs_lists_and_bold_are_all_of_markdown_there_is() -> None:
    html = render_prose(
        "# Letters\n\nTwo **fine** ones:\n- from _Rome_\n- from `Bath`\nEnd\n\n[x](http://a.b)", turn=1
    )
    assert html == (
        '<p dir="auto"><strong>Letters</strong></p><p dir="auto">Two <strong>fine</strong> ones:</p>'
        '<ul><li dir="auto">from _Rome_</li><li dir="auto">from `Bath`</li></ul><p dir="auto">End</p>'
        '<p dir="auto">[x](http://a.b)</p>'
    )


def test_an_unverified_identifier_is_marked_in_words() -> None:
    html = render_prose("See ⟨unverified: <i>MS 9</i>⟩.", turn=1)
    assert '<mark class="unverified">&lt;i&gt;MS 9&lt;/i&gt;<span> (not in the sources)</span></mark>' in html


def test_a_source_shows_all_that_is_needed_to_ask_for_the_item() -> None:
    text = read(render_source(make_source(2), 1, opened=True)).text
    for wanted in (
        "Letter from Ellen Marsh to her brother", "1905 March 14", "Box 2, folder 2 (inferred)", "MS 12",
        "Marsh family papers › Series 1: Correspondence › Ellen Marsh",
        "Harrow Point Library, Special Collections",
        "Open for research. Letters after 1950 are closed until 2030.", "Stated for: Marsh family papers",
        "Copyright has not been transferred.", "She writes of the flood at the mill",
        "Letter, 14 March 1905, Box 2, folder 2, Marsh family papers, MS 12.", "Copy citation",
    ):  # fmt: skip
        assert wanted in text
    assert "inferred" not in read(render_source(make_source(1), 1, opened=True)).text


def test_a_breadcrumb_that_says_no_more_than_the_collection_is_left_out() -> None:
    source = make_source(1).model_copy(update={"breadcrumb": ["Marsh family papers"]})
    assert "Found under" not in read(render_source(source, 1, opened=True)).text


def test_nothing_stated_on_access_is_not_taken_for_open() -> None:
    source = make_source(1).model_copy(update={"access": "", "access_from": ""})
    assert (
        "Nothing is stated here. Please ask the staff." in read(render_source(source, 1, opened=False)).text
    )


def test_a_passage_that_only_repeats_the_heading_is_not_quoted() -> None:
    source = make_source(1).model_copy(
        update={"title": "Letters to T.", "dates": "1905", "passage": "Letters to T., 1905"}
    )
    assert "<blockquote" not in render_source(source, 1, opened=True)


def test_a_long_passage_is_cut_between_words() -> None:
    source = make_source(1).model_copy(update={"passage": "wordlike " * 400})
    text = read(render_source(source, 1, opened=False)).text
    assert "wordlike …" in text
    assert text.count("wordlike") == MOST_PASSAGE // len("wordlike ")


def test_the_first_cited_source_is_open_and_the_rest_closed() -> None:
    reading = read(render_turn(make_turn("When?")))
    details = [attributes for tag, attributes in reading.tags if tag == "details"]
    assert [("open" in each, each["class"]) for each in details] == [
        (True, "source"), (False, "source"), (False, "more matches"), (False, "more"), (False, "source"), (False, "source"),
    ]  # fmt: skip
    ids = [each["id"] for each in details if "id" in each]
    assert ids == [f"turn-1-source-{number}" for number in (1, 2, 3, 4)]


def test_not_found_without_near_ones_shows_no_source() -> None:
    details = make_details("nothing").model_copy(update={"also_searched": []})
    reading = read(render_turn(Turn(1, "nothing", "I did not find that.", details, state="complete")))
    assert [tag for tag, _ in reading.tags if tag in ("details", "a")] == []
    for wanted in (
        "1,234 passages in 2 collections",
        "Looked forEllen MarshNothing fitted1905 to 1906Spelling",
        "Ellen for Elen",
        "Ask at the reference desk.",
    ):
        assert wanted in reading.text


def test_records_that_fit_are_shown_open_where_no_passage_answers() -> None:
    details = make_details("nothing").model_copy(update={"sources": [make_source(1)]})
    turn = Turn(1, "nothing", "The passages do not say that in words.", details, state="complete")
    text = read(render_turn(turn)).text
    assert "But the records below fit what you asked for" in text
    assert "I did not find that" not in text
    assert "These fit what you asked for" in text
    assert announce(turn) == "No answer in words. 1 record that may hold it: listed."


def test_many_collections_are_counted_and_not_all_named() -> None:
    details = make_details("nothing")
    assert details.searched
    searched = details.searched.model_copy(
        update={"collections": [f"Papers {n}" for n in range(40)], "readings": [], "corrections": []}
    )
    turn = Turn(1, "nothing", "", details.model_copy(update={"searched": searched}), state="complete")
    text = read(render_turn(turn)).text
    assert "in 40 collections" in text and "Papers 7; and 32 more" in text and "Papers 8" not in text
    assert "Looked for" not in text and "Nothing fitted" not in text and "Spelling" not in text


def test_all_that_fits_is_counted_and_the_first_are_listed() -> None:
    reading = read(render_turn(make_turn("Which letters?")))
    assert "All that fits: 1,203 records, of which the first 3" in reading.text
    links = [dict(each)["href"] for tag, each in reading.tags if tag == "a"]
    assert "records/marsh/letters/3" in links
    details = make_details("Which letters?")
    assert details.searched
    updates: tuple[dict[str, object], ...] = ({"listed": []}, {"matches": None})
    for update in updates:
        searched = details.searched.model_copy(update=update)
        turn = Turn(1, "q", "", details.model_copy(update={"searched": searched}), state="complete")
        assert "All that fits" not in read(render_turn(turn)).text


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (Turn(1, "q", "half"), ""),
        (make_turn("When?"), "Answer ready, 2 sources."),
        (make_turn("nothing"), "Nothing fitting was found. What was searched, and whom to ask, is listed."),
        (Turn(1, "q", state="failed", problem="The engine stopped."), "No answer. The engine stopped."),
        (Turn(1, "q", "half", state="stopped"), "Stopped."),
    ],
)
def test_the_end_of_a_turn_is_announced(turn: Turn, said: str) -> None:
    assert announce(turn) == said


def test_an_answer_still_being_written_has_no_links_yet() -> None:
    reading = read(render_turn(Turn(1, "When?", "In 1905 [1]")))
    assert reading.text.endswith("In 1905 [1]") and "a" not in {tag for tag, _ in reading.tags}
    assert "Looking through the collections" in read(render_turn(Turn(1, "When?"))).text


def test_no_turns_and_no_sources_are_no_html() -> None:
    assert render_turns([]) == "" and render_sources("Cited", [], 1) == ""


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x1b[31mred\x1b[0m b\x1b]0;title\x07", "ared b"),
        ("nul\x00 bell\x07 c1\x9b2J", "nul bell c12J"),
        ("\u202eevil\u202c \u2066x\u2069 \u200bz\ufeff", "evil x z"),
        ("שלום\u200f abc\u200e", "שלום\u200f abc\u200e"),
        ("क्\u200dष", "क्\u200dष"),
        ("tag\U000e0041\U000e007f", "tag"),
        ("one\r\ntwo\rthree\tfour", "one\ntwo\nthree\tfour"),
    ],
)
def test_unseen_characters_go_and_scripts_keep_what_they_need(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8000/records/a/b%20c", "records/a/b&#37;20c"),
        ("https://library.example/reading/records/x", "records/x"),
        ("/records/x", "records/x"),
        ("javascript:alert(1)", ""),
        ("http://127.0.0.1/v1/models", ""),
        ('/records/"><script>', "records/&#37;22&#37;3E&#37;3Cscript&#37;3E"),
    ],
)
def test_record_links_are_relative_to_the_page(url: str, address: str) -> None:
    assert local_address(url) == address


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://catalogue.example/a?b=1&c=2", "https://catalogue.example/a?b=1&amp;c=2"),
        ("http://catalogue.example/", "http://catalogue.example/"),
        ("javascript:alert(1)", ""),
        ("java\x00script:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//evil.example/", ""),
        ("https://", ""),
        ('https://a.example/" onclick="x', ""),
        ("https://[broken", ""),
        ("", ""),
    ],
)
def test_catalogue_links_are_plain_web_addresses_or_none(url: str, kept: str) -> None:
    assert outside_address(url) == kept


def test_escaping_leaves_one_line_without_markup() -> None:
    assert escape(" <a href=\"x\">\n100% &amp; 'so' ") == (
        "&lt;a href=&quot;x&quot;&gt; 100&#37; &amp;amp; &#x27;so&#x27;"
    )
    assert "<" not in escape(HOSTILE)


def test_a_conversation_sends_complete_turns_only_and_the_newest() -> None:
    conversation = Conversation()
    for number in range(12):
        conversation = conversation.ask(f"q{number}")
        state = "failed" if number == 10 else "complete"
        conversation = conversation.put(Turn(number + 1, f"q{number}", f"a{number}", state=state))  # type: ignore[arg-type]
    messages = conversation.ask("last").messages()
    assert [message.text for message in messages if message.role == "user"] == [
        "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q11", "last",
    ]  # fmt: skip
    assert messages[-2].text == "a11"


def test_a_long_conversation_lets_its_oldest_turns_go_and_says_so() -> None:
    conversation = Conversation()
    for number in range(MOST_TURNS + 5):
        conversation = conversation.ask(f"q{number}")
    assert [turn.number for turn in conversation.turns] == list(range(6, MOST_TURNS + 6))
    assert "Earlier questions are no longer shown." in read(render_turns(conversation.turns)).text
    assert "no longer shown" not in render_turns(Conversation().ask("first").turns)


def test_asking_again_closes_a_turn_that_was_being_written() -> None:
    conversation = Conversation().ask("one").ask("two")
    assert [turn.state for turn in conversation.turns] == ["stopped", "writing"]
    assert [message.text for message in conversation.messages()] == ["two"]
