"""Training runs: asked for, done by a worker, examined, decided on by a named person."""
