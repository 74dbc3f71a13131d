"""Used by every room: private files, printable text, threads, typed reading of foreign data."""
