"""The slips of people who programme a pump: between what a clinician means and what the pump is told.

`told(intent, errors)` is pure. `programmed(bench, programmer, intent)` does the whole of it in a scenario: it asks the bench which human
faults are in force, applies them, ends those that act once, and sends what is left. Scenarios, lessons and campaigns programme by it; a
programmer that is driven directly tells the pump just what it is given.
"""

from hil.clinic.human.intent import Bolus, Bridge, Intent, Prime, Refill, Update
from hil.clinic.human.programming import in_force, programmed, send
from hil.clinic.human.slips import HumanError, Told, told

__all__ = ["Bolus", "Bridge", "HumanError", "Intent", "Prime", "Refill", "Told", "Update", "in_force", "programmed", "send", "told"]
