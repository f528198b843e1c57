"""Adapter versions: the folder they lie in, what is known of them, and which of them answers."""
