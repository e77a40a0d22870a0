"""Two rows of one customer become one, and can be taken apart again.

Whatever points at a customer moves, whichever app it belongs to: foreign keys are found by asking the models, records kept by
kind and id by their two columns. Higher apps refuse or prepare through ``prm.registries.merge_guards``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pghistory
from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.db import IntegrityError, connection, models, transaction
from django.db.models import ForeignKey, Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm import events
from prm.errors import RuleViolation
from prm.events.record import enqueue, subject_type
from prm.records import Record
from prm.registries import merge_guards
from territories.models.customer import Customer, CustomerAddress, CustomerDomain, CustomerIdentifier, CustomerName
from territories.querysets import CustomerMergeQuerySet

KIND = "customer"
# What a customer is known by moves unless the other has the same; facts stay, and empty ones are filled.
PARTS: dict[type[Model], tuple[str, ...]] = {
    CustomerName: ("name",),
    CustomerDomain: ("domain",),
    CustomerIdentifier: ("scheme", "value"),
    CustomerAddress: ("street", "postcode", "city", "country"),
}
FACTS = (
    "country", "industry", "segment", "employees", "annual_revenue", "founded", "website", "phone", "house_account", "team_id",
)  # fmt: skip
STORIES = {"event", "match_key", "job"}  # rows that tell what was, or are made anew


def pointers() -> Iterator[tuple[type[Model], str]]:
    """Every column of the product that names a customer, besides its own parts and history."""
    own = {*PARTS, Customer, Customer.parents.through}
    for model in apps.get_models(include_auto_created=True):
        if model in own or hasattr(model, "pgh_tracked_model") or model._meta.proxy or not model._meta.managed:
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, ForeignKey) and field.related_model is Customer:
                yield model, field.attname


def kept_by_kind() -> Iterator[type[Model]]:
    """Models that name records of any sort by kind and id, such as activities and external ids."""
    for model in apps.get_models():
        names = {field.name for field in model._meta.concrete_fields}
        by_kind = {"subject_type", "subject_id"} <= names and not hasattr(model, "pgh_tracked_model")
        if by_kind and subject_type(model) not in STORIES:
            yield model


def places(customer_id: Any) -> Iterator[tuple[str, str, QuerySet]]:
    """Rows that point at this customer: (model label, column, rows)."""
    for model, column in pointers():
        yield model._meta.label, column, model._base_manager.filter(**{column: customer_id})
    for model in kept_by_kind():
        rows = model._base_manager.filter(subject_type=KIND, subject_id=customer_id)
        yield model._meta.label, "subject_id", rows


@pghistory.track()
class CustomerMerge(Record):
    """The trail of one merge: what the absorbed row was, what moved, and what was added to the one that stayed."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="merges", verbose_name=gettext_lazy("customer"))
    absorbed_id = models.UUIDField(editable=False)
    absorbed_name = models.CharField(gettext_lazy("merged"), max_length=200, editable=False)
    snapshot = models.JSONField(default=list, editable=False)
    moved = models.JSONField(default=dict, editable=False)
    filled = models.JSONField(default=list, editable=False)
    links = models.JSONField(default=dict, editable=False)
    spelling_id = models.UUIDField(null=True, editable=False)
    undone_at = models.DateTimeField(gettext_lazy("taken apart"), null=True, editable=False)
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = CustomerMergeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.absorbed_name} → {self.customer}"

    @classmethod
    def refuse_unless_mergeable(cls, source: Customer, target: Customer) -> None:
        """Say why the two cannot become one; nothing where they can."""
        if source.pk == target.pk:
            raise RuleViolation("same_customer", _("Choose another customer."), field="other")
        for guard in merge_guards:
            if guard.kind == KIND:
                guard.check(source, target)

    @classmethod
    @transaction.atomic
    def merge(cls, source: Customer, target: Customer, *, by, version=None) -> CustomerMerge:
        """Make ``source`` part of ``target``: its row goes, all it was and had stays with the other."""
        for pk in sorted(str(customer.pk) for customer in (source, target)):
            with connection.cursor() as cursor:  # as approvals do, so that no protection begins meanwhile
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"customer:{pk}"])
        target.lock(version)
        cls.refuse_unless_mergeable(source, target)
        source.lock()
        trail = cls(customer=target, absorbed_id=source.pk, absorbed_name=source.name, merged_by=by)
        trail.snapshot = as_rows([source])
        for guard in merge_guards:
            if guard.kind == KIND:
                guard.prepare(source, target)
        trail._move_parts(source, target)
        trail._move_links(source, target)
        for label, column, rows in places(source.pk):
            if ids := moved(rows, column, target.pk):
                trail.moved[f"{label}.{column}"] = ids
        changes = {}
        for name in FACTS:
            if getattr(target, name) in (None, "", False) and getattr(source, name) not in (None, "", False):
                changes[name] = getattr(source, name)
        trail.filled = sorted(changes)
        if source.name.casefold() != target.name.casefold() and not target.names.filter(name=source.name).exists():
            trail.spelling_id = CustomerName.objects.create(customer=target, name=source.name).pk
        absorbed = source.pk
        try:
            Customer.objects.filter(pk=absorbed).delete()  # the object in hand keeps its id
        except models.ProtectedError as error:
            what = sorted({str(row._meta.verbose_name_plural) for row in error.protected_objects})
            raise RuleViolation(
                "still_used",
                _("Both customers have the same %(what)s; settle that first.") % {"what": ", ".join(what)},
                field="other",
            ) from None
        target.put(**changes)
        trail.save(force_insert=True)
        events.record(target, "merged", by=by, other_id=str(absorbed), name=trail.absorbed_name)
        return trail

    def _move_parts(self, source: Customer, target: Customer) -> None:
        for model, names in PARTS.items():
            has = {tuple(values) for values in model._base_manager.filter(customer=target).values_list(*names)}
            rows = list(model._base_manager.filter(customer=source))
            same = [row for row in rows if tuple(getattr(row, name) for name in names) in has]
            self.snapshot += as_rows(same)
            ids = [row.pk for row in rows if row not in same]
            if ids:
                model._base_manager.filter(pk__in=ids).update(customer=target)
                self.moved[f"{model._meta.label}.customer_id"] = [str(pk) for pk in ids]

    def _move_links(self, source: Customer, target: Customer) -> None:
        parents, children = list(source.parents.all()), list(source.children.all())
        added_up = [row for row in parents if row != target and not target.parents.filter(pk=row.pk).exists()]
        added_down = [row for row in children if row != target and not target.children.filter(pk=row.pk).exists()]
        target.parents.add(*added_up)
        target.children.add(*added_down)
        self.links = {
            name: [str(row.pk) for row in rows]
            for name, rows in (
                ("parents", parents), ("children", children), ("added_parents", added_up), ("added_children", added_down),
            )
        }  # fmt: skip

    @transaction.atomic
    def unmerge(self, *, by, version=None) -> Customer:
        """Take the two apart again: the absorbed row comes back with what came from it and is still where it was put."""
        self.lock(version)
        if self.undone_at:
            raise RuleViolation("already_unmerged", _("These customers have been taken apart already."))
        target = Customer.objects.get(pk=self.customer_id).lock()
        if self.spelling_id:
            CustomerName.objects.filter(pk=self.spelling_id, customer=target).delete()
        for record in serializers.deserialize("json", json.dumps(self.snapshot)):
            record.save()
        source = Customer.objects.get(pk=self.absorbed_id)
        for place, ids in self.moved.items():
            label, _dot, column = place.rpartition(".")
            rows = apps.get_model(label)._base_manager.filter(**{"pk__in": ids, column: target.pk})
            rows.update(**{column: source.pk})
        there = Customer.objects.filter(pk__in=[pk for ids in self.links.values() for pk in ids]).in_bulk()
        found = {name: [there[pk] for pk in map(_uuid, ids) if pk in there] for name, ids in self.links.items()}
        target.parents.remove(*found["added_parents"])
        target.children.remove(*found["added_children"])
        source.parents.add(*found["parents"])
        source.children.add(*found["children"])
        empty = {"employees": None, "annual_revenue": None, "founded": None, "team_id": None, "house_account": False}
        target.put(
            **{
                name: empty.get(name, "")
                for name in self.filled
                if str(getattr(target, name)) == str(getattr(source, name))
            }
        )
        self.put(undone_at=timezone.now())
        events.record(target, "unmerged", by=by, other_id=str(source.pk), name=source.name)
        events.record(source, "unmerged", by=by, other_id=str(target.pk), name=target.name)
        return source


def _uuid(text: str) -> Any:
    return Customer._meta.pk.to_python(text)


def as_rows(records: list[Any]) -> list[dict]:
    rows = json.loads(serializers.serialize("json", records))
    for row in rows:
        row["fields"].pop("parents", None)  # kept as links, with those that point the other way
    return rows


def moved(rows: QuerySet, column: str, target: Any) -> list[str]:
    """Point these rows at the other customer; one that says the same there already stays behind. Returns the ids that moved."""
    ids = list(rows.values_list("pk", flat=True))
    manager = rows.model._base_manager
    try:
        with transaction.atomic():
            manager.filter(pk__in=ids).update(**{column: target})
        return [str(pk) for pk in ids]
    except IntegrityError:
        went = []
        for pk in ids:
            try:
                with transaction.atomic():
                    manager.filter(pk=pk).update(**{column: target})
                went.append(str(pk))
            except IntegrityError:
                continue
        return went


def ask_for_conflict(source: Customer, target: Customer) -> None:
    """After a refusal, outside what was rolled back: let the apps that refused keep it in view."""
    for guard in merge_guards:
        if guard.kind == KIND and guard.task:
            enqueue(guard.task, source=str(source.pk), target=str(target.pk))


def preview(source: Customer) -> list[dict[str, Any]]:
    """How many rows of each kind would move, in words."""
    out = [
        {"label": str(model._meta.verbose_name_plural), "count": count}
        for model in PARTS
        if (count := model._base_manager.filter(customer=source).count())
    ]
    seen: dict[str, int] = {}
    for label, _column, rows in places(source.pk):
        if count := rows.count():
            name = str(apps.get_model(label)._meta.verbose_name_plural)
            seen[name] = seen.get(name, 0) + count
    return [*out, *({"label": name, "count": count} for name, count in seen.items())]
