"""Benchmarks: `make bench-*`; each ends with one line of JSON."""
