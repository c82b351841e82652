"""The team file: reading, checking, comparing and writing it.

Not here: setting a person up with one (`wizard`), and what an administrator arranges (`share`).
"""
