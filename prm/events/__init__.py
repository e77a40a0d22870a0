"""What happened, told once: ``record`` writes the Event and hands it to whoever follows it, in the verb's own transaction."""

from prm.events.audience import readable
from prm.events.record import follow, followers, record

__all__ = ["follow", "followers", "readable", "record"]
