"""The database's numbered forms, oldest first."""
