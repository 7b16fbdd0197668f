"""The fleet: lives of many pumps at once, as arrays of numbers. It knows no port, no wire and no clock."""
