"""The demo: the whole helpdesk with simulated marketplaces writing into its mailboxes."""
