"""The classroom over HTTP and WebSocket: one server, one run of a lesson, a page for each role."""
