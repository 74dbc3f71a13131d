"""What every room may use: private files, printable text, threads, typed reading of what others wrote."""
