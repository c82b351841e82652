"""The remote helper and the credential helper for git. They use only the standard library if credentials are cached."""
