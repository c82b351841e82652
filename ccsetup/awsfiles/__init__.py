"""The files ~/.aws/config and ~/.aws/credentials: reading, editing, writing, undo, and the status of profiles.

What each kind of access writes is in `access`, and the checks of profiles are in `doctor`.
"""
