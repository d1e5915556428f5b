"""A stand-in for Walmart's and Amazon's mail relay and the sellers' mailboxes, over real IMAP and SMTP."""
