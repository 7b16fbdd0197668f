"""The firmware: what the pump believes and does, from what its hardware tells it. It sees the world through `hal` alone."""
