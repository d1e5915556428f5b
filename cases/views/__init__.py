"""The pages of cases and of the warehouse."""
