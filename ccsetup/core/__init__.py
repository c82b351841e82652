"""Values, errors, text, time, regions and careful file access, which every other package may use.

Not here: anything that depends on another package, the AWS files, git or the screen.
"""
