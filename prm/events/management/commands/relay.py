import signal

from django.core.management.base import BaseCommand

from prm.events import relay


class Command(BaseCommand):
    help = "Hand committed background work to the broker; run at least one, any number may run."

    def handle(self, *args, **options):
        stop: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.append(1))
        relay.run(lambda: bool(stop), pause=1.0)
