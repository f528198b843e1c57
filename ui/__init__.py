"""The pages, as clients of the HTTP API."""
