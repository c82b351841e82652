"""Decisions that the whole program shares: they know nothing of AWS files, git or screens."""
