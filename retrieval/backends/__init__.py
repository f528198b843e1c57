"""Engines that hold passages in place of the index on disk; fusion, folding and access stay with us."""
