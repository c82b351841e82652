"""The team file: reading, checking, comparing and writing it.

Not here: setting up a developer with one (`wizard`), and sharing a repository as an administrator (`share`).
"""
