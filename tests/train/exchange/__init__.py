"""Pairs from files of other makers and into them."""
