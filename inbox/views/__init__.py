"""The inbox in a browser: each view fetches, acts, renders. Pages and their parts come from one template."""
