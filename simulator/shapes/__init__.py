"""The shapes of the mails: what each kind looks like on the wire, transcribed from the field notes."""
