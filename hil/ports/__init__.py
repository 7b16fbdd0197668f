"""Ports that a pump is served on."""
