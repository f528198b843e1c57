"""What evaluation refuses."""

from __future__ import annotations


class EvaluationRefused(Exception):
    """Figures cannot be had of what was given; the message says what was expected and what found."""
