"""What crosses the wire of the L1 Walk Worker: commands in, events out."""
