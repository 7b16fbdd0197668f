"""URL handlers as pyserial looks for them: one module `protocol_SCHEME` for each scheme."""
