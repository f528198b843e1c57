"""Transcriptions in plain text."""
