"""Relay mail: reading what the marketplaces send to a seller's mailbox."""
