"""What every part of the program may use: it knows nothing of AWS files, git or screens."""
