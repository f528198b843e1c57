"""How good answers are: tasks whose right answers are known, and the rule by which answers are judged."""
