"""One file per command: its flags, and its main function, which ends in a Report."""
