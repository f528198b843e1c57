"""Where an adapter comes from: its lineage, its model card, making it again, and giving it to others."""
