"""From the command line to one command: the parser, the fast paths, and one file per command in `commands`.

Not here: the conversations that commands start (`wizard`), and anything that another package could use.
"""
