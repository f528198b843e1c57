"""What can go wrong with a dataset version.

DatasetError
├── DatasetRefused    no version can be made of these pairs, or under this name
└── DatasetDamaged    what lies in a version's folder is not what was put there
"""

from __future__ import annotations


class DatasetError(Exception):
    """Root of this package's own errors; `str(error)` says what was expected, what found, what to do."""


class DatasetRefused(DatasetError):
    """No version can be made of what there is."""


class DatasetDamaged(DatasetError):
    """A version's folder cannot be trusted."""
