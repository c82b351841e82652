"""The conversations: asking, the review, writing, proving, cloning and renewing.

Not here: which questions a kind of access has (`access`), and how a question looks (`ui`).
"""
