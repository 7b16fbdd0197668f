"""What a clinician's software knows: therapy arithmetic, refill planner, dose rules as data.

For simulation and training only, never for patient care. The arithmetic is integers and exact fractions. It is split by noun:

* `hil.therapy.arithmetic` rate, dose and volume; `hil.therapy.forecast` what a weekly therapy gives, and until when;
* `priming`, `bridge`, `dilution`, `refill`, `residual`, `night`, `weaning`, `patient_day` what is worked out beside the pump;
* `plan`, `person`, `case_file` what is judged, and about whom; `rules` the label's rules as data and the small engine that applies them.
"""
