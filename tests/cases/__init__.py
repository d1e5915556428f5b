"""Cases, their evidence, and the warehouse."""
