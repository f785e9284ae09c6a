"""What the commands show, as renderables: pure, so that a test reads them without a terminal."""
