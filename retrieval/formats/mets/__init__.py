"""METS objects and the ALTO text of their pages."""
