"""The live process: one stream of server-sent events for each open browser, saying what has changed."""
