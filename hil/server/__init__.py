"""A process that serves pumps: their ports, their benches, their keys, and the folder in which a pump outlives it."""
