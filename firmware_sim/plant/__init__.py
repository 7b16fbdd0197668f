"""The plant: what is so. Reservoir, motor, catheter, battery, oscillator, the place under the skin and the patient, in closed form."""
