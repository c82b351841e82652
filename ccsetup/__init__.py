"""AWS CodeCommit access, set up, proven and cloned."""

__version__ = "0.1.0"
