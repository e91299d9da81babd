"""`python -m symact`."""

from symact.cli import main

main()
