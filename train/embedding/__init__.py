"""Retrieval learns too: the embedding model tuned on approved pairs and on sources that were wrong.

A run reads `plan.json` in its folder and leaves a model there, with what it was worth. Nothing is used before
`train.embedding.service` puts it beside the index and switches to a snapshot made with it.
"""
