"""Named limits of the simulator itself: past each stands an error, not a slow death."""

from __future__ import annotations

EVENTS_PER_INSTANT_MAX = 1_000
"""More deadlines than this at one microsecond is a loop in the model, not a pump."""
ACTS_QUEUED_MAX = 100_000
"""Bench acts waiting for their time; a scenario of years with one act a minute stays below."""
FAULTS_ACTIVE_MAX = 256
"""Faults in force at once; more is a rig that forgets to clear."""
TRACE_TAIL_MAX = 10_000
"""Trace records kept for readers; the chain over all of them is state, the tail is not."""
MIXING_SLICES = 64
"""Pieces into which a prime's mixed fluid is cut; within one the concentration is level."""
FAULT_DAYS_MAX = 3_650
FAULT_MINUTES_MAX = 525_600
"""The longest a fault grows, or lasts by itself: a year of minutes, ten of days."""
MRI_RESTART_MINUTES = 15
"""How long a rotor takes to come free after a field, where a scenario says nothing else (maker's guidance: about 15 minutes)."""
PULSES_PER_H_MAX = 1_000_000
RUNAWAY_GAIN_MAX = 1_000
DRIFT_PPM_MAX = 100_000
"""Faults of the motor's driver and of the oscillator beyond these are no pump's."""
RAMP_SLICES = 64
"""Pieces into which a slowly growing fault is cut."""
BACKFLOW_NL_PER_MMHG = 10_000
BACKFLOW_MMHG_MAX = 1_000
"""Fluid that comes back into a syringe for each mmHg of pressure, where a scenario says nothing else, and the highest such pressure."""
VERTEBRAE = (8, 12, 5)
"""Levels of the spine at which a tip may sit: cervical, thoracic, lumbar."""
RINSE_TURNS_MAX = 100
"""Turns of one rinse; nobody has that much patience."""
POCKET_DEPOSITS_MAX = 1_000
"""Fillings of the pocket; each is an accident of its own."""
OVERFILL_SLICES_PER_ML = 8
"""Pieces into which each millilitre above capacity is cut; within one the pressure is level."""
READING_PERIODS = 16
"""So many sample periods in a row, at the highest rate, tell how fast the supply can fall in one."""
CATHETER_PIECES_MAX = 100_000
"""Pieces of different concentration in tubing and catheter; each needs a needle act."""
DELIVERY_COPIES_MAX = 1_000_000
"""Changes of delivery that a patient's recorder keeps; ten years of a bolus every ten minutes are half of it."""
DELIVERY_BACKLOG_MAX = 256
"""Copies of plan and plant that wait to be made into pieces; each has a catheter in it."""
DELIVERY_PIECE_US_MAX = 7 * 86_400 * 1_000_000
"""The longest piece of delivery: a week."""
SAMPLES_MAX = 10_000_000
"""Rows one sampling call may return (115 days at one second)."""
OWN_FOLDER_MODE = 0o700
"""Rights of a folder that is only its user's."""
CACHE_ENTRIES_MAX = 64
"""Entries of a cache keyed by therapy or profile."""
SOFT_DOSE_RULE = 33
"""The dose rule behind a drug's soft limit of dose, R-033: its number is the token that overrides it."""
PLACES_PER_GROUP = 16
"""A refusal's index is group x 16 + step; a group has fewer steps than that."""
CLOCK_SHIFT_US_MAX = 25 * 365 * 86_400 * 1_000_000
"""How far the clock chip may jump in all: it stays between the epoch and a century after it."""
PAGE_BYTES = 256
"""Page of the sparse memory; unwritten pages cost nothing."""
ERASED_BYTE = 0xFF
"""What a never-written memory byte reads."""
IMAGE_VERSION = 1
"""Version of `Pump.save()` bytes."""
BYTE_BITS = 8
HALF_WORD_BITS = 16
IRWIN_HALL_TERMS = 12
"""Twelve uniform terms give a sum of variance one and a bell within six deviations."""
PROFILE_NUMBER_MAX = 0x7FFF_FFFF
"""Largest number of a profile file: it fits into 32 bits wherever it travels."""
PROFILE_CLOCK_US_MAX = 0x3FFF_FFFF_FFFF_FFFF
"""Largest clock time of a profile file."""
PROFILE_COUNT_MAX = 255
"""Largest count of a profile file that travels in one byte."""
PROFILE_ID_MAX = 0xFFFF
"""Largest drug number, version and stability of a profile file: they travel in 16 bits."""
PROFILE_NAME_LETTERS_MAX = 16
PROFILE_DRUGS_MAX = 8
"""Longest name and most drugs of a profile file: an answer with the pump's identity is one frame."""
PROFILE_MEMORY_BYTES_MAX = 16 * 1024 * 1024
"""Most memory of a profile file, all regions together: a boot reads both rings through."""
SUPPLY_SPELLS_MAX = 64
"""Changes of what the supply is under that a mean of its readings can look back on."""
SUPPLY_MV_MAX = 5_000
"""Most that a converter's fault may read, or a dip leave; no cell of this class has more."""
WAKES_PER_H_MAX = 1_000_000
"""How often an hour anybody can try to wake a pump."""
SUPPLY_DIP_S_MAX = 31_536_000
"""The longest dip of the supply that ends by itself: a year of seconds."""
PATIENT_DECAYS_MAX = 40
"""A patient's compartment has come to rest after so many time constants: what is left is below a float's last digit."""
PATIENT_DECAYS_KEPT = 1_024
"""Spans of time for which a patient's decays are kept: those of a day that repeats are few."""
PATIENT_LOOKS_AT_ONCE = 2_048
"""Looks at a patient that are worked out together: more would not stay in the processor's cache, fewer cost more passes."""
PATIENT_RATE_GAP = 1e-6
"""Rates of a patient's compartments nearer to each other than this part are put apart by it."""
PATIENT_MODE_SHARE_MIN = 1e-4
"""Modes of the axial model are taken until the next one's share of the source would be smaller."""
PATIENT_BISECTIONS = 60
"""Halvings that find a wave number to a float's last digit."""
PATIENT_CHECKPOINT_PIECES = 32
"""A patient's coordinates are kept at every such piece; between them they are worked out anew."""
PATIENT_TREATMENTS_MAX = 10_000
"""Treatments of one patient."""
PATIENT_IMAGE_BYTES_MAX = 256 * 1024 * 1024
"""A saved patient unpacked; ten years of a bolus every ten minutes stay below."""
