"""Finding aids: EAD 2002 and EAD3."""
