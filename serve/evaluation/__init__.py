"""Questions with known answers, put to the engine as patrons' questions are, and judged."""
