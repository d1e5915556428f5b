"""Pictures of the items, drawn in code: flat, each with a colour and a shape of its own."""
