"""What the lead reads: the SLA board, its figures and exports, from hourly roll-ups."""
