"""The staff desk: server-rendered pages at /desk, a client of the HTTP API like any other."""
