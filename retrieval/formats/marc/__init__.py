"""MARC 21 and MARCXML."""
