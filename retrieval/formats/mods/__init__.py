"""MODS."""
