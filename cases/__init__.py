"""Marketplace cases with deadlines of their own, hanging on conversations."""
