"""The remote helper and the credential helper for git. They use only the standard library if credentials are cached.

git starts these programs and waits for them. What ccsetup itself does with git is in `git`.
"""
