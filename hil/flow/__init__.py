"""Flow accuracy from a balance log: start-up curve, trumpet curve, overall error, boluses."""
