"""The engine that writes answers: planned for this machine, started, watched, spoken to."""
