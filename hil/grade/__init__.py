"""The pump grades its host: rules over what passes the host's end of the line, live in a server or from a capture."""
