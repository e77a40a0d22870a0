from django.utils.translation import gettext as _

from partners.engagement.models import Activity, ActivityKind
from partners.engagement.serializers import ActivitySerializer
from partners.engagement.subjects import activity_subjects
from prm.api.fields import Reference
from prm.api.filters import CHANGED, day, identity, one_of, text, yes_or_no
from prm.api.problems import Flaw, Problem
from prm.api.router import resource
from prm.api.viewsets import Creates, Deletes, Edits, Reads, ScopedViewSet, Upserts, action


@resource("activities")
class ActivityViewSet(Reads, Creates, Edits, Deletes, Upserts, ScopedViewSet):
    model = Activity
    serializer_class = ActivitySerializer
    may_create = "log_activities"
    filters = {
        **CHANGED,
        "kind": one_of("kind", ActivityKind),
        "partner": identity("partner"),
        "subject_type": text("subject_type", 20),
        "subject_id": identity("subject_id"),
        "assignee": identity("assignee"),
        "due_before": day("due_on__lt"),
        "due_from": day("due_on__gte"),
        "open": yes_or_no("done_at__isnull"),
    }
    search_fields = ("title",)
    ordering_fields = {**ScopedViewSet.ordering_fields, "at": "at", "due_on": "due_on"}

    def create_row(self, *, subject_type="", subject_id=None, partner=None, **data):
        """Plan what is to come, log what was; a partner writes on its own deals and its company."""
        user = self.request.user
        if user.is_partner:
            if partner is not None and partner.pk != user.acting_for_id:
                raise missing("/partner")
            partner = user.acting_for
            data.pop("shared", None)
        if subject_type and subject_type != "partner":
            about = activity_subjects.found(subject_type, subject_id, user)
        elif partner is None:
            raise Problem("invalid", errors=[Flaw("/partner", "required", _("Say for which partner."))])
        else:
            about, partner = partner, None
        return Activity.begin(by=user, about=about, partner=partner, **data)

    def edit_row(self, row, **data):
        for name, given in (
            ("partner", row.partner),
            ("subject_type", row.subject_type),
            ("subject_id", row.subject_id),
        ):
            if name in data and data.pop(name) != given:
                raise Problem(
                    "invalid", errors=[Flaw(f"/{name}", "fixed", _("What an activity is about does not change."))]
                )
        row.change(by=self.request.user, version=self.version, **data)

    def delete_row(self, row):
        row.remove(by=self.request.user, version=self.version)

    @action("completion", rows="completable_by")
    def completion(self, row):
        """It is done."""
        row.complete(by=self.request.user, version=self.version)

    @action("reopening", rows="completable_by")
    def reopening(self, row):
        """It is still to do."""
        row.reopen(by=self.request.user, version=self.version)


def missing(pointer: str) -> Problem:
    words = str(Reference.default_error_messages["does_not_exist"])
    return Problem("invalid", errors=[Flaw(pointer, "does_not_exist", words)])
