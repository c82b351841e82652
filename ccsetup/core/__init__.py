"""Values, errors, text, time and regions: what every other package may use.

Not here: anything that knows of AWS files, git or screens.
"""
