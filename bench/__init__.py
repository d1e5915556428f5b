"""The benchmark: pages, intake and clocks on a filled database, beside raw SQL, in one run."""
