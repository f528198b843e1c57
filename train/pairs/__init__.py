"""Question and answer pairs: what an adapter is trained from, their checks, and their forms in files."""
