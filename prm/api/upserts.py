"""Records known by the ids of another system, and many records in one call."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelError
from django.db import DataError, IntegrityError, transaction
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.decorators import action as drf_action

from prm.api.problems import Flaw, Problem, problem_of
from prm.api.renderers import answer
from prm.errors import RuleViolation, StaleVersion
from prm.externals.models import ExternalId, wait_for_turn

BATCH = 200
REFUSALS = (
    RuleViolation, ModelError, exceptions.APIException, IntegrityError, DataError, Http404, PermissionDenied,
)  # fmt: skip


class Upserts:
    """``GET`` and ``PUT RESOURCE/by-external-id/{source}/{external_id}/``, and ``POST RESOURCE/batch/``."""

    ignored: list[str]

    def external(self, source: str, external_id: str) -> Any:
        """The id of the record this owner's system calls so, or None."""
        owned = ExternalId.objects.visible_to(self.request.user)
        return owned.naming(self.model, source, external_id).values_list("subject_id", flat=True).first()

    @drf_action(detail=False, methods=["get"], url_path="by-external-id/<str:source>/<str:external_id>")
    def by_external_id(self, request, source: str, external_id: str) -> HttpResponse:
        """The record your own system knows by this id."""
        _check_external(source, external_id)
        pk = self.external(source, external_id)
        if pk is None:
            raise Http404
        return self.retrieve(request, pk)

    @by_external_id.mapping.put
    def put_by_external_id(self, request, source: str, external_id: str) -> HttpResponse:
        """Make the record, or change the given fields of the one your system knows by this id."""
        _check_external(source, external_id)
        self.version = self.given_version()
        status, body = self.upsert(source, external_id, request.data)
        return self.reply(body, status)

    def upsert(self, source: str, external_id: str, data: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        user = self.request.user
        wait_for_turn(self.model, source, external_id, user.acting_for_id)
        pk = self.external(source, external_id)
        if pk is not None:
            return 200, self.edit_one(pk, data)
        self.refuse_unless_creator()
        checked = self.checked(self.serializer_for(user), data)
        if self.version is not None:
            raise StaleVersion(None)
        row, _known = self.created(checked)
        ExternalId.objects.link(row, source, external_id, owner_id=user.acting_for_id)
        return 201, self.view_of(row)

    def edit_one(self, pk: Any, data: dict[str, Any]) -> dict[str, Any]:
        row = self.row("editable_by", pk)
        self.edit_row(row, **self.checked(self.serializer_for(self.request.user), data, instance=row))
        return self.view_of(row)

    @drf_action(detail=False, methods=["post"], url_path="batch")
    def batch(self, request) -> HttpResponse:
        """Up to 200 records at once: each is made, changed (`id`) or upserted (`external_id`), and answered for itself.

        Refused items do not hinder the others unless `all_or_none` is true.
        """
        body = request.data
        items, all_or_none = body.get("items"), body.get("all_or_none", False)
        flaws = []
        if (
            not isinstance(items, list)
            or not 1 <= len(items) <= BATCH
            or not all(isinstance(item, dict) for item in items)
        ):
            flaws.append(Flaw("/items", "invalid", _("Give a list of 1 to %(most)d objects.") % {"most": BATCH}))
        if not isinstance(all_or_none, bool):
            flaws.append(Flaw("/all_or_none", "invalid", _("Must be true or false.")))
        flaws += [
            Flaw(f"/{name}", "unknown_field", _("There is no such field."))
            for name in body
            if name not in ("items", "all_or_none")
        ]
        if flaws:
            raise Problem("invalid", errors=flaws)
        results = [self.one_of_batch(index, dict(item)) for index, item in enumerate(items)]
        refused = [result for result in results if "problem" in result]
        if refused and all_or_none:
            raise Problem(
                "batch_refused",
                errors=[
                    Flaw(f"/items/{result['index']}{flaw['pointer']}", flaw["code"], flaw["detail"])
                    for result in refused
                    for flaw in result["problem"]["errors"]
                    or [{"pointer": "", "code": result["problem"]["code"], "detail": result["problem"]["detail"]}]
                ],
                extra={"results": [{k: v for k, v in result.items() if k != "record"} for result in refused]},
            )
        return answer({"results": results})

    def one_of_batch(self, index: int, item: dict[str, Any]) -> dict[str, Any]:
        """Do one item in a savepoint of its own."""
        before, self.ignored = self.ignored, []
        try:
            with transaction.atomic():
                status, body = self.do_item(item)
                result = {"index": index, "status": status, "record": body}
        except REFUSALS as error:
            problem = problem_of(error)
            result = {"index": index, "status": problem["status"], "problem": problem}
        if self.ignored:
            result["ignored_fields"] = list(dict.fromkeys(self.ignored))
        self.ignored = before + self.ignored
        return result

    def do_item(self, item: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        known, pk, version = item.pop("external_id", None), item.pop("id", None), item.pop("version", None)
        self.version = None if version is None else str(version)
        if known is not None:
            if (
                not isinstance(known, dict)
                or set(known) != {"source", "external_id"}
                or not all(isinstance(v, str) for v in known.values())
            ):
                raise Problem(
                    "invalid",
                    errors=[Flaw("/external_id", "invalid", _("Give an object with source and external_id."))],
                )
            _check_external(**known)
            return self.upsert(known["source"], known["external_id"], item)
        if pk is not None:
            try:
                pk = UUID(pk)
            except (ValueError, AttributeError, TypeError):
                raise Problem(
                    "invalid", errors=[Flaw("/id", "incorrect_type", _("Give the id of a record."))]
                ) from None
            return 200, self.edit_one(pk, item)
        self.refuse_unless_creator()
        row, extra = self.created(self.checked(self.serializer_for(self.request.user), item))
        return 201, self.view_of(row, **extra)


def _check_external(source: str, external_id: str) -> None:
    if not 1 <= len(source) <= 60 or not 1 <= len(external_id) <= 200 or not (source + external_id).isprintable():
        raise Problem("invalid_parameter", _("A source has 1 to 60 printable characters, an external id 1 to 200."))
