"""Dataset versions: built from the pairs that are approved, kept on disk and in the database."""
