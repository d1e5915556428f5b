"""What a member sees and can do in a browser, with and without htmx."""
