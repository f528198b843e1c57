"""Jobs: long work that is kept in the database, done by worker processes, and survives all of them."""
