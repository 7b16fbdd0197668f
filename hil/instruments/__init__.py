"""What a bench holds to a pump and its line."""
