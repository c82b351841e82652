"""What git runs: the remote helper and the credential helper. Standard library only until keys have to be fetched."""
