"""The sample library and the bundled reader model."""
