"""Catalogue records of every format as one entry, and from it a Record."""
