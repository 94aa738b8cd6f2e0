"""`python -m cxrbench`: the command line."""

from cxrbench.cli.main import main

main()
