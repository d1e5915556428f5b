"""Relay mail: reading what the marketplaces send to a seller's mailbox.

The readers are pure and build on each other, lowest first: `parsed`, `charsets`; `rules`, `headers`, `files`,
`html`; `mime`, `relay`, `quotes`, `verdict`; `bounces`, `moments`, `bodies`; `classify`; `details`; `parse`.
Around them stand `wire` and `frames` (a mail as bytes between processes), `child` and `bounded` (reading in a
process of its own).
"""
