"""The side door: one verb table, in process and over a line."""
