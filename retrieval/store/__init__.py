"""An index on disk: catalog, vectors, words and vocabulary in parts, changed in whole snapshots."""
