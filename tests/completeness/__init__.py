"""Everything a marketplace sent is here, and somebody is told where that is in doubt."""
