"""What speaks for the seller in a case: gathered, checked off, added to, packed, and let go of."""
