"""One story per command, each about a page, read from top to bottom."""
