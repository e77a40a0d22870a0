"""Long work: chunk after chunk, cancelled, failed, seen by its owner."""

import pytest

from prm import jobs
from prm.errors import RuleViolation
from prm.jobs.models import Job
from tests import factories
from tests.imports.conftest import work_off


@pytest.fixture(autouse=True)
def counting():
    """A kind of work that counts to its total; ``fail_at`` makes it break there."""
    ended = []

    def step(job):
        if job.done == job.result.get("refuse_at"):
            raise RuleViolation("no", "The rule says no.")
        if job.done == job.result.get("fail_at"):
            raise ValueError("broken")
        job.advance(1)
        return job.done < job.total

    jobs.register(jobs.Kind("counting", "Counting", step=step, ended=ended.append))
    yield ended
    jobs._kinds.pop("counting")


def test_a_job_works_through_its_chunks(admin, counting):
    job = Job.objects.start("counting", title="To three", by=admin, total=3)
    work_off()
    job.refresh_from_db()
    assert (job.status, job.done, len(counting)) == ("done", 3, 1)
    assert job.started_at <= job.ended_at


@pytest.mark.parametrize(
    ("state", "error"), [({"fail_at": 2}, "ValueError: broken"), ({"refuse_at": 2}, "The rule says no.")]
)
def test_what_breaks_ends_the_job_and_keeps_what_was_done(admin, counting, state, error):
    job = Job.objects.start("counting", by=admin, total=5, **state)
    work_off()
    job.refresh_from_db()
    assert (job.status, job.done, job.error, len(counting)) == ("failed", 2, error, 1)


def test_a_cancelled_job_ends_before_its_next_chunk(admin):
    job = Job.objects.start("counting", by=admin, total=5)
    job.cancel()
    work_off()
    job.refresh_from_db()
    assert (job.status, job.done) == ("cancelled", 0)


def test_visible_to(admin, program_owner, owner, rival):
    own, theirs = (
        Job.objects.start("counting", by=program_owner, total=1),
        Job.objects.start("counting", by=owner, total=1),
    )
    other = factories.vendor_user("channel_manager")
    seen = {user.name: set(Job.objects.visible_to(user)) for user in (admin, program_owner, other, owner, rival)}
    assert list(seen.values()) == [{own, theirs}, {own}, set(), {theirs}, set()]
