"""How well search does on questions whose answers are known."""
