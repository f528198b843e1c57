"""IIIF manifests."""
