"""Curated pairs in, a LoRA adapter folder with its scores out. For now: the adapter folder format."""
