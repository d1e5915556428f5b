"""Marketplace cases with deadlines of their own, and checks by the warehouse, hanging on conversations."""
