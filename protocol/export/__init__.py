"""What is written out from the message declarations."""
