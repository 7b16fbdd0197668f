"""What a firm puts in beside its profile: Python for its wire and its instruments. See docs/how-to/your-own-device.md."""
