"""One file per command, with its flags and its main function, which returns a Report."""
