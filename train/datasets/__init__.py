"""Dataset versions: folders of approved pairs that never change, each with its exam and its datasheet."""
