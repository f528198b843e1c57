"""What the HTTP API of the staff desk takes and gives: all that the pages know of the gateway."""
