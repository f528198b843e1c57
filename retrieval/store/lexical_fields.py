"""The fields of the lexical index, and how their words are cut: one schema for writing and for asking."""

from __future__ import annotations

import tantivy
from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer


def _build_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in ("number", "collection", "level", "first_year", "last_year", "withheld_until"):
        builder.add_integer_field(field, fast=True, indexed=True)
    for field in ("heading", "text", "breadcrumb", "parent"):
        builder.add_text_field(field, tokenizer_name="words")
    for field in ("names", "sender", "recipient"):
        builder.add_text_field(field, tokenizer_name="names")
    builder.add_text_field("container", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("identifier", tokenizer_name="raw", index_option="basic")
    return builder.build()


def _analyzer(tokenizer: Tokenizer, *filters: Filter) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(tokenizer)
    for one in filters:
        builder = builder.filter(one)
    return builder.build()


SCHEMA = _build_schema()
_FOLD = (Filter.remove_long(60), Filter.lowercase(), Filter.ascii_fold())
WORDS = _analyzer(Tokenizer.simple(), *_FOLD, Filter.stemmer("english"))
NAMES = _analyzer(Tokenizer.simple(), *_FOLD)
ANALYZED = {"heading": WORDS, "text": WORDS, "breadcrumb": WORDS, "parent": WORDS, "names": NAMES}


def register(index: tantivy.Index) -> None:
    """Give an opened or new index the analyzers that its schema names."""
    index.register_tokenizer("words", WORDS)
    index.register_tokenizer("names", NAMES)
