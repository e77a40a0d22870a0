"""The worker's side of jobs: one chunk, one transaction, then the next."""

import structlog
from django.db import OperationalError, transaction

from prm.errors import RuleViolation
from prm.events.record import enqueue, task
from prm.jobs.models import Job, JobStatus

log = structlog.get_logger(__name__)


@task("jobs.step", queue="imports")
def step(job_id: str) -> None:
    """Work on a chunk; what a rule refuses or a fault breaks ends the job, a lost connection tries the chunk again."""
    job = Job.objects.filter(pk=job_id).first()
    if job is None:
        return
    try:
        with transaction.atomic():
            more = job.work()
    except OperationalError:
        raise
    except Exception as error:
        if not isinstance(error, RuleViolation):
            log.exception("job failed", job=job_id)
        job.refresh_from_db()
        job.end(
            JobStatus.FAILED, error.message if isinstance(error, RuleViolation) else f"{type(error).__name__}: {error}"
        )
        return
    if more:
        enqueue("jobs.step", job_id=job_id)
