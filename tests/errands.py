"""Background work, done at once."""

from prm.db import acting
from prm.events.models import Errand
from prm.events.tasks import run_errand


def run_errands() -> None:
    """Do all waiting errands, and those they cause; one that fails is an error."""
    while True:
        with acting("system"):
            errands = list(Errand.objects.due())
        if not errands:
            return
        for errand in errands:
            run_errand(str(errand.pk))
            with acting("system"):
                left = Errand.objects.filter(pk=errand.pk).first()
            assert left is None, left.error
