"""One training run: from a dataset version to a LoRA adapter, in a folder and a process of its own."""
