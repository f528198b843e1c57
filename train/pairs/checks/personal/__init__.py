"""Personal data in a text, by rules of our own: what a patron may have written of themselves or of others."""
