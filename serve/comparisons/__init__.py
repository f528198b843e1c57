"""Blind comparisons: two versions answer the same questions, and people who cannot tell them apart choose."""
