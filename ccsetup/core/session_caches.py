"""Where AWS tools cache the sessions of assumed roles, below ~/.aws. Imports nothing, because git waits for it."""

OF_REMOTE = "boto/cache"  # AWS's git-remote-codecommit
OF_CLI = "cli/cache"  # the AWS CLI: assumed roles, also with a token, and roles of a sign-in
FOLDERS = (OF_REMOTE, OF_CLI)
