"""The gateway, and the vLLM engine beside it."""
