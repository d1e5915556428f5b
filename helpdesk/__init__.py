"""The composition root: settings, addresses, commands and the processes of the helpdesk."""
