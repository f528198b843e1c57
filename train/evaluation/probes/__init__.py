"""What an exam does not ask: what is known by heart, said of people, answered worse by name, or forgotten."""
