"""What stands behind pumpsim://: how such a URL reads, and its handler, `protocol_SCHEME` as pyserial looks for it."""
