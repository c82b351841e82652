"""Values, errors, text, time and regions that every other package may use.

Nothing here depends on AWS files, git or screens.
"""
