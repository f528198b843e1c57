"""Who may do what: patrons, API clients and staff."""
