"""`python -m service` is `walk`."""

from service.cli import main

main()
