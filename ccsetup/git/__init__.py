"""CodeCommit addresses, the git command, and clones; what git itself runs is in `helper`.

Not here: which folder a person wants a clone in (`wizard`), and what is wrong with a clone (`doctor`).
"""
