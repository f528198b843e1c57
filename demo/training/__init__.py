"""How the bundled reader is made: corpus, lessons, tokenizer, model, training, exam. See PLAN.md."""
