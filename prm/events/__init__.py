"""What happened, told once: ``record`` writes the Event and hands it to whoever follows it, in the verb's own transaction."""

from prm.events.audience import readable
from prm.events.record import call_off, follow, followers, held, record

__all__ = ["call_off", "follow", "followers", "held", "readable", "record"]
