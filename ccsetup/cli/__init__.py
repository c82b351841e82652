"""The command line: the parser, the fast paths, and one file per command in `commands`.

The dialogs that commands start are in `wizard`. Anything that another package could use doesn't belong here.
"""
