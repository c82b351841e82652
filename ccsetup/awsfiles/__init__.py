"""The files ~/.aws/config and ~/.aws/credentials: reading, editing, writing and undoing, and how each profile stands.

Not here: what a kind of access writes (`access`), and what is wrong with a profile (`doctor`).
"""
