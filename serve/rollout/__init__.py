"""A candidate on a share of the traffic: what each arm did, whether that is worse, and what follows."""
