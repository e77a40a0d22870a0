"""Views of lists that people keep."""

from __future__ import annotations

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm.errors import RuleViolation
from prm.records import Part, Record
from prm.rowpolicy import RowPolicy


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user):
        """One's own, and those that colleagues of the same side share."""
        return self.filter(Q(owner=user.pk) | Q(shared=True), partner_id=user.acting_for_id)

    def editable_by(self, user):
        return self.filter(owner=user.pk, partner_id=user.acting_for_id)

    def of_list(self, name: str, user):
        """The views of one list, as tabs show them, in one statement; ``is_default``: the list opens with it."""
        chosen = DefaultView.objects.filter(view=OuterRef("pk"), user=user.pk, partner_id=user.acting_for_id)
        return self.visible_to(user).filter(list=name).annotate(is_default=Exists(chosen)).order_by("name", "id")


class SavedView(Record):
    """A list's filters, sort and columns under a name: a named address. The list drops what it no longer understands."""

    MOST = 40  # of one person on one list
    is_default: bool  # as ``of_list`` finds it
    known: str  # the query as its list understands it

    list = models.CharField(max_length=80)  # the list's address by name, such as "partners:partners"
    name = models.CharField(gettext_lazy("name"), max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    partner_id = models.UUIDField(null=True)  # the company whose people it is for; empty: the vendor's
    shared = models.BooleanField(gettext_lazy("my colleagues see it too"), default=False)

    objects = SavedViewQuerySet.as_manager()
    row_policy = RowPolicy(
        read="partner_id = {partner} AND (shared OR owner_id = {user})",
        write="partner_id = {partner} AND owner_id = {user}",
        delete="partner_id = {partner} AND owner_id = {user}",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "partner_id", "list", "name"], name="one_view_of_name", nulls_distinct=False
            )
        ]
        indexes = [models.Index(fields=["list", "partner_id"], name="view_of_list")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    @transaction.atomic
    def keep(cls, *, by, list: str, name: str, query: str, shared: bool = False) -> SavedView:
        """Save these filters, sort and columns; under a name one already uses, the old ones are replaced."""
        own = cls.objects.editable_by(by).filter(list=list)
        view = own.filter(name=name).select_for_update().first()
        if view is not None:
            view.put(query=query, shared=shared)
            return view
        if own.count() >= cls.MOST:
            raise RuleViolation(
                "too_many_views",
                _("You keep %(most)s views of this list already. Delete one first.") % {"most": cls.MOST},
            )
        view = cls(list=list, name=name, query=query, shared=shared, owner_id=by.pk, partner_id=by.acting_for_id)
        view.save(force_insert=True)
        return view

    @transaction.atomic
    def rename(self, *, by, name: str, shared: bool) -> None:
        """Another name, and who sees it."""
        self.lock()
        same = SavedView.objects.editable_by(by).filter(list=self.list, name=name).exclude(pk=self.pk)
        if same.exists():
            raise RuleViolation("name_taken", _("You have a view of that name already."), field="name")
        self.put(name=name, shared=shared)

    def open_with(self, *, by) -> None:
        """The list opens with this view, for this person."""
        DefaultView.objects.forget(by, self.list)
        DefaultView(view=self, list=self.list, user_id=by.pk, partner_id=by.acting_for_id).save(force_insert=True)


class DefaultViewQuerySet(models.QuerySet["DefaultView"]):
    def forget(self, user, name: str) -> int:
        """The list opens with all its rows again."""
        return self.filter(user=user.pk, partner_id=user.acting_for_id, list=name).delete()[0]


class DefaultView(Part):
    """With which view a person's list opens."""

    # Without a constraint: whoever deletes a shared view cannot reach the rows of those it opened for.
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="defaults", db_constraint=False)
    list = models.CharField(max_length=80)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    partner_id = models.UUIDField(null=True)

    objects = DefaultViewQuerySet.as_manager()
    row_policy = RowPolicy(
        read="user_id = {user} AND partner_id = {partner}",
        write="user_id = {user} AND partner_id = {partner}",
        delete="user_id = {user} AND partner_id = {partner}",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "partner_id", "list"], name="one_default", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.list
