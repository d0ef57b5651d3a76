"""`python -m bridge` is `ottobridge`."""

from bridge.cli import main

main()
