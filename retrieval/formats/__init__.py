"""One reader per format of description; each yields records and knows nothing of what is done with them."""
