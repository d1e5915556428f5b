"""Amazon's Selling Partner API, after its public models and section 2 of the Amazon field notes."""
