"""What single parts of a question say: its people, dates, places, kinds of material and collections."""
