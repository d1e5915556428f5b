"""Walmart's Marketplace API (US), after its public models and section 3 of the Walmart field notes."""
