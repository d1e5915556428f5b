"""The live checks of a connection: what each looks at, and the sentence it says."""
