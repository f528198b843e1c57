"""What records imply: who wrote to whom, of what kind they are, until when they are closed."""
