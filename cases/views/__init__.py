"""What a browser asks of cases."""
