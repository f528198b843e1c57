"""The words the desk uses, where they are more than a label."""

from __future__ import annotations

from ui.wording import REASONS

SAID = {
    "signed-out": "You are signed out.",
    "failures": "Wrong passwords were tried on your account since you last signed in. If that was not you, "
    "tell an administrator.",
    "keys": "Your keys are set.",
    "password": "Your password is changed. Other sign-ins of yours have ended.",
    "judged-good": "Judged: good.",
    "judged-fix": "Judged: fixed. The pair waits for approval.",
    "judged-not-held": "Judged: not in our collections.",
    "judged-ignore": "Judged: ignored.",
    "judged-source": "Judged: wrong source. Kept as a case for the search.",
    "judged-draft": "Judged. The pair it made stays a draft: a check found something to mend.",
    "reopened": "The judgement is taken back.",
    "saved": "Saved.",
    "submitted": "Submitted. It waits for a second person.",
    "approved": "Approved.",
    "returned": "Returned with your note.",
    "withdrawn": "Withdrawn.",
    "built": "The version is built.",
    "promoted": "The alias is changed.",
    "rolled-back": "The alias is rolled back.",
    "retired": "The version is retired.",
    "whole": "Every file is as it was made.",
    "written": "The new version is kept. It is not in force yet.",
    "activated": "The change is in force.",
    "person": "The account is changed.",
    "key-gone": "The key is revoked.",
    "erased": "The conversation is erased.",
    "run-asked": "The run is asked for. It begins when a worker is free.",
    "run-pausing": "The run is paused as soon as what it has learnt is written down.",
    "run-resumed": "The run goes on.",
    "run-cancelled": "The run is cancelled.",
    "exam-asked": "The version sits its exam again.",
    "decided-promote": "Decided: promoted. The alias is changed.",
    "decided-keep": "Decided: what is in use is kept.",
    "decided-more": "Decided: more data is needed.",
    "comparing": "Both versions are being asked.",
    "comparison-open": "The comparison is open.",
    "comparison-closed": "The comparison is closed.",
    "voted": "Your vote is kept.",
    "vote-back": "Your vote is taken back.",
}
"""What is said at the top of a page after something was done; the address names the sentence."""

FIELDS = {
    "question": "Question",
    "answer": "Answer",
    "note": "Note",
    "why": "Why",
    "waiver": "Reason for the waiver",
    "records": "Records",
    "right": "The right record",
    "text": "Text",
    "questions": "Questions",
    "name": "Name",
    "licence": "Licence",
    "adapter": "Adapter",
    "dataset": "Dataset version",
    "override": "Why the gate is passed by",
    "recipe": "Settings",
}
"""What a field is called where a form that could not be sent shows what was typed."""

VERDICTS = {
    "good": "good",
    "fix": "fixed",
    "not_held": "not in our collections",
    "ignore": "ignored",
    "wrong_source": "wrong source",
}
STATES = {"draft": "Draft", "submitted": "Submitted", "approved": "Approved", "withdrawn": "Withdrawn"}
COMPARING = {"preparing": "Being prepared", "open": "Open", "closed": "Closed"}
VERDICTS_OF_VOTES = {
    "better": "Better",
    "not_worse": "Not worse",
    "worse": "Worse",
    "not_enough": "Not enough votes",
}
STAGES = {
    "waiting": "Waiting",
    "training": "Training",
    "paused": "Paused",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "sitting the exam": "Sitting the exam",
    "exam failed": "Exam failed",
    "to be decided": "To be decided",
    "decided": "Decided",
}
STAGE_LIGHTS = {"failed": "stop", "exam failed": "stop", "to be decided": "warn", "decided": "good"}
LEARNING = {
    "too early": ("", "Too early to say"),
    "learning": ("good", "Learning"),
    "memorising": ("warn", "Starting to memorise"),
    "levelled off": ("good", "Levelled off"),
    "nothing learnt": ("stop", "Nothing learnt"),
    "unchecked": ("", "Not checked"),
}
LIGHTS = {
    "pass": ("good", "Pass"),
    "fail": ("stop", "Fail"),
    "not enough evidence": ("warn", "Not enough evidence"),
}
GATE = {
    "integrity": "Files and weights",
    "data": "The data",
    "automatic": "The exam",
    "people": "Blind votes",
    "canary": "Trial in service",
}
DECISIONS = {"promote": "Promoted", "keep": "Kept what is in use", "more data": "More data needed"}
ROLES = {"base": "Base", "champion": "In use now", "candidate": "The new one"}
BESIDE = {"base": "the base model", "champion": "what is in use now"}
ORIGINS = {
    "feedback": "a patron's chat",
    "staff": "written by staff",
    "import": "a file",
    "draft": "drafted by the model",
}
KINDS = {"answer": "an answer", "refusal": "says that the collections do not hold it"}
CONSENTS = {
    "patron": "the patron agreed",
    "staff": "written by staff",
    "file": "stated at import",
    "none": "nobody has agreed yet",
}
SEVERITIES = {"stop": "Stops approval", "hint": "Hint", "warn": "Please look"}

__all__ = [
    "BESIDE",
    "COMPARING",
    "CONSENTS",
    "DECISIONS",
    "FIELDS",
    "GATE",
    "KINDS",
    "LEARNING",
    "LIGHTS",
    "ORIGINS",
    "REASONS",
    "ROLES",
    "SAID",
    "SEVERITIES",
    "STAGES",
    "STAGE_LIGHTS",
    "STATES",
    "VERDICTS",
    "VERDICTS_OF_VOTES",
]
