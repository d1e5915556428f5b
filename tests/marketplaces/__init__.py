"""The marketplaces module against the simulator."""
