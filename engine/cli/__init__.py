"""The command line. It parses, calls what the other packages offer, and prints; nothing is decided here."""
