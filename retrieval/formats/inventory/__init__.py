"""Inventories: CSV, TSV and XLSX."""
