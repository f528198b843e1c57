"""The words the patron page uses, where they are more than a label."""

from __future__ import annotations

from collections.abc import Sequence

from serve.schemas import CollectionInfo, Reason, ServiceInfo

REASONS: dict[Reason, str] = {
    "wrong_source": "It cites the wrong source",
    "wrong_fact": "Something it says is wrong",
    "wrong_name_or_date": "A name or a date is wrong",
    "we_hold_it": "It says “not found”, but the library holds it",
    "not_relevant": "It does not answer my question",
    "too_long": "It is too long",
    "offensive": "It is offensive",
    "other": "Something else",
}

LONGEST_TITLE = 60
FORMS = (("letters", "Which letters are in the {}?"), ("photograph", "Which photographs are in the {}?"))

KEEP_LABEL = "Keep this conversation, to improve the answers"
NO_LONGER_KEPT = "Nothing of this conversation is kept any more, but for feedback that you sent."
NOTHING_KEPT = "Nothing of this conversation was kept."
DELETED = "Deleted: everything that was kept of this conversation, your feedback too."
SHARED = (
    "This computer is shared. Conversations are not kept here, and you are not asked to agree to it, for "
    "whoever sits here next could see it. When you have finished, end the session, and close the tabs that "
    "you opened. Without a key or a click it ends by itself after {minutes} minutes."
)
ENDED = "Session ended. Nothing of it is left on this page."

EMPTY_QUESTION = "Please write a question first."
NO_EXAMPLES = "The list of collections cannot be read just now. You can still ask."


def describe_shared(service: ServiceInfo) -> str:
    """What somebody at a shared computer should know."""
    return SHARED.format(minutes=f"{service.idle_minutes:g}")


def describe_collection(collection: CollectionInfo) -> str:
    """How a collection is named in the list to choose from."""
    title = collection.title or collection.id
    notes = [part for part in (collection.dates, collection.call_number) if part and part not in title]
    return f"{title} ({', '.join(notes)})" if notes else title


def suggest_questions(collections: Sequence[CollectionInfo], most: int = 3) -> list[str]:
    """Questions that the library's own collections can answer, larger collections first.

    What is asked of a collection is what its description says it holds.
    """
    named = [found for found in collections if 0 < len(found.title) <= LONGEST_TITLE]
    largest = sorted(named, key=lambda found: -found.records)[:most]
    questions: list[str] = []
    for place, found in enumerate(largest):
        described = f"{found.title} {found.abstract} {found.extent}".lower()
        form = "What is in the {}?"
        if place > 0:
            form = next((form for word, form in FORMS[place - 1 :] if word in described), form)
        questions.append(form.format(found.title.removeprefix("The ").rstrip(".")))
    return questions
