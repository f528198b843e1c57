"""Finding aids in, cited passages out; knows no HTTP, no database, no model server."""
