"""The bench over HTTP and WebSocket: a server for rigs in any language, and a client that needs nothing but the standard library."""
