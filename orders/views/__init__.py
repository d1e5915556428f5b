"""The parts of pages that are about orders alone; the pages they stand in are the inbox's."""
