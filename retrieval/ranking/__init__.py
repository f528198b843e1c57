"""Search over an open index: criteria, candidates, ranks and reasons, matches, and whether it is enough."""
