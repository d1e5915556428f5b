"""The pictures of the board: shapes in, SVG out; pure. Colours are classes, so that dark and paper work."""
