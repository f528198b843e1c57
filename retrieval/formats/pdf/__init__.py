"""PDF finding aids, and other PDFs page by page."""
