"""CodeCommit addresses, the git command, and clones. The programs that git runs are in `helper`.

The choice of a clone's folder is in `wizard`, and the checks of a clone are in `doctor`.
"""
