"""Real servers from wheels, for the demo and the tests: no Docker, no installed database."""
