"""One file per command, with its flags and its main function, which returns a Report.

Not here: conversations (`wizard`) and work that another command could use (the package of that work).
"""
