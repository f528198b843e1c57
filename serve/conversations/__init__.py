"""What is kept of a chat: counts always, words only by feedback or agreement; and how all of it goes."""
