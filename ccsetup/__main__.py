"""`python -m ccsetup`."""

from ccsetup.cli import main

main()
