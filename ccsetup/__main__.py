"""Runs ccsetup as `python -m ccsetup`."""

from ccsetup.cli.main import main

main()
