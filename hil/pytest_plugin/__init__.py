"""The parts of the pytest plugin `pump_hil`: options, markers, fixtures, states of the pump, what a failing test leaves behind."""
