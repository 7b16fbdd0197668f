"""What one operating system does otherwise than another: event loop, signals, locks, standard input, open files, waiting.

Nothing else here asks which system this is. Pseudo-terminals, which Windows does not have, are in `protocol.transport.pty`.
"""
