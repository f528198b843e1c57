"""Pairs from files of other makers and into them: one module for each form, and one table of the forms.

A form reads bytes into pairs and problems, each with its place in the file, and writes pairs into bytes.
What a form has no place for goes into one more key or column (`train.pairs.exchange.own`), so that what was
written here comes back as it was.
"""
