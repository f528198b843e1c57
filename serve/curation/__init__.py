"""From what patrons asked to pairs that staff approved: the inbox, judgements, pairs and their approval."""
