"""L1 Walk Worker: the one writer of walk sessions (see README.md)."""
