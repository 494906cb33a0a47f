"""Every clock, and what falls short of the decree: it decides which deadlines run, move, are met or missed.

Reads the events of intake, routing and publication, its own, and the calendar acts under the case id CALENDAR.
Writes one step at a time to `jauap.deadlines.events`. `clocks` and `findings` say what should be on record,
`reconcile` compares that with what is; all three are pure.
"""
