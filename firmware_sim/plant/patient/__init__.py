"""The patient: what becomes of the drug that left the catheter, and who feels it. Floats, derived on read; no part of the pump."""
