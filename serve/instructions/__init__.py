"""Standing instructions: a library's own sentences for the system text, versioned, tried, then in force."""
