"""The second door to the same room: resources made of the rows a person may reach and the verbs of their models."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.db import connection, models, transaction
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.decorators import action as drf_action
from rest_framework.viewsets import GenericViewSet

from prm import events
from prm.api.filters import CHANGED, Filter
from prm.api.models import RememberedAnswer
from prm.api.parts import replace_parts
from prm.api.problems import Problem
from prm.api.renderers import answer
from prm.api.serializers import NoInput
from prm.api.shape import Shape, shape_of
from prm.api.upserts import Upserts
from prm.compiled import PLACE_ID, compiled
from prm.externals.models import ExternalId

__all__ = ["Creates", "Deletes", "Edits", "Lists", "Reads", "Retrieves", "ScopedViewSet", "Upserts", "action"]
ETAG = re.compile(r'\s*(W/)?"([^"]*)"\s*')
PAGED = {"cursor", "limit", "ordering"}


def reach(user: Any) -> tuple:
    """All of a partner person that may decide which rows they see."""
    membership = user.membership
    companies = (membership.partner_id, *membership.headed_companies)
    return user.pk, user.capabilities, companies, membership.own_rows_only, tuple(membership.partner.types)


class Replay(Exception):
    """The call was answered before; here is that answer."""

    def __init__(self, response: HttpResponse):
        self.response = response


def action(
    name: str, *, rows: str, input: type = NoInput, scope: str = "write", on_version: bool = True, **schema: Any
) -> Callable:
    """A verb as a sub-resource: ``POST RESOURCE/{id}/NAME/``.

    The decorated method receives the row (one of ``Model.objects.<rows>(user)``, else 404) and the checked input, and calls
    the model's verb with ``by=`` and ``version=self.version``. ``scope`` is what a token needs: write or decide.
    ``status`` and ``answers`` describe another answer than 200 with the row.
    """

    def decorate(method: Callable) -> Callable:
        def handler(self, request, pk: str = "") -> HttpResponse:
            self.version = self.required_version() if on_version else self.given_version()
            data = self.checked(input)
            row = self.row(rows, lock=on_version)
            result = method(self, row, **data)
            return result if isinstance(result, HttpResponse) else self.shown(row)

        handler.__name__ = method.__name__
        handler.__doc__ = method.__doc__
        handler.verb = {"name": name, "rows": rows, "input": input, "on_version": on_version, **schema}  # type: ignore[attr-defined]
        return drf_action(
            detail=True, methods=["post"], url_path=name, url_name=name, serializer_class=input, api_scope=scope
        )(handler)

    return decorate


class ScopedViewSet(GenericViewSet):
    """A resource: ``visible_to`` rows, read on the fast path. Mix in what may be done with them."""

    model: type[models.Model]
    vendor_only = False
    filters: dict[str, Filter] = CHANGED
    search_fields: tuple[str, ...] = ()
    ordering_fields: dict[str, str] = {"created_at": "created_at", "updated_at": "updated_at"}
    default_ordering = "-created_at"
    lookup_value_converter = "uuid"
    api_scope = ""  # set by @action
    version: str | None = None
    same_rows = False  # a partner's ``visible_to`` reads nothing but ``reach`` (no clock, no other table)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "model" in cls.__dict__:
            cls.queryset = cls.model._base_manager.all()  # read by the OpenAPI document alone

    @classmethod
    def as_view(cls, *args: Any, **kwargs: Any) -> Callable:  # type: ignore[override]
        """Without a savepoint of its own: what is refused rolls the request's transaction back (``exception_handler``)."""
        inner = super().as_view(*args, **kwargs)

        @transaction.non_atomic_requests
        @wraps(inner)
        def view(*args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return inner(*args, **kwargs)
            except BaseException:
                if connection.in_atomic_block:
                    transaction.set_rollback(True)
                raise

        return view

    # Who, and which rows ----------------------------------------------------------------------------------------------------

    def needed_scope(self) -> str:
        """``RESOURCE:read``, ``:write`` or ``:decide``."""
        if self.request.method in ("GET", "HEAD", "OPTIONS"):
            return f"{self.basename}:read"
        return f"{self.basename}:{self.api_scope or 'write'}"

    def get_queryset(self):
        return self.model.objects.visible_to(self.request.user)

    def showing_custom(self, rows: models.QuerySet) -> models.QuerySet:
        """Of these rows, the ones whose custom values the reader is shown."""
        return rows

    def known_rows(self) -> tuple | None:
        """What a partner's rows depend on, for the resources that say so; their queries are built once and remembered."""
        user = self.request.user
        return (type(self), *reach(user)) if self.same_rows and user.is_partner else None

    def shape(self) -> Shape:
        return shape_of(self.serializer_for(self.request.user), self.request.user.is_partner)

    def serializer_for(self, user: Any) -> Any:
        return type(self).serializer_class

    def finish(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Last touch on rows about to be shown, such as concealing columns from a reader."""
        return rows

    def one(self, pk: Any) -> dict[str, Any]:
        """One row as it is shown; 404 when it is missing or another's."""
        shape, known = self.shape(), self.known_rows()
        if known is None:
            found = list(self.get_queryset().filter(pk=pk).values_list(*shape.columns)[:1])
        else:
            query = compiled(
                ("one", *known),
                lambda: self.get_queryset().filter(pk=PLACE_ID).order_by().values_list(*shape.columns)[:1],
            )
            found = query.tuples({PLACE_ID: UUID(str(pk))})
        if not found:
            raise Http404
        return self.finish(shape.rows(found, self.request.user))[0]

    def row(self, rows: str = "editable_by", pk: Any = None, *, lock: bool = True) -> Any:
        """The object an action works on, taken from the rows of that permission."""
        pk, known = pk or self.kwargs["pk"], self.known_rows() if lock else None

        def reached() -> models.QuerySet:
            return getattr(self.model.objects, rows)(self.request.user)

        if known is None:
            found = reached().filter(pk=pk).first()
        else:  # locked at once, so that the verb need not read it again
            query = compiled(
                ("row", rows, *known),
                lambda: reached().filter(pk=PLACE_ID).order_by().select_for_update(of=("self",)),
            )
            found = next(iter(query.objects({PLACE_ID: UUID(str(pk))})), None)
        if found is None:
            raise Http404
        found.is_locked = known is not None
        return found

    def shown(self, row: Any, status: int = 200, **known: Any) -> HttpResponse:
        """A row just written: from the object where all its columns stand on it, else read again."""
        return self.reply(self.view_of(row, **known), status)

    def view_of(self, row: Any, **known: Any) -> dict[str, Any]:
        return self.one(row.pk)

    def reply(self, body: dict[str, Any], status: int = 200) -> HttpResponse:
        response = answer(body, status)
        if "version" in body:
            response["ETag"] = f'"{body["version"]}"'
        if status == 201 and "id" in body:
            response["Location"] = f"/api/v1/{self.basename}/{body['id']}/"
        return response

    # Preconditions ------------------------------------------------------------------------------------------------------------

    def required_version(self) -> str:
        """The version named by ``If-Match``; without it, 428."""
        version = self.given_version()
        if version is None:
            raise Problem("version_required")
        return version

    def given_version(self) -> str | None:
        header = self.request.META.get("HTTP_IF_MATCH")
        if header is None:
            return None
        match = ETAG.fullmatch(header)
        if match is None:
            raise Problem("version_required")
        return "weak" if match[1] else match[2] or "none"  # a weak or empty tag equals no version

    # The call: preferences, Idempotency-Key, dry run --------------------------------------------------------------------------

    def initial(self, request, *args, **kwargs) -> None:
        prefer = request.META.get("HTTP_PREFER", "").lower().replace(" ", "")
        preferences = set(re.split("[,;]", prefer)) if prefer else set()
        self.is_lenient, self.is_dry_run = "handling=lenient" in preferences, "dry-run" in preferences
        self.ignored: list[str] = []
        super().initial(request, *args, **kwargs)
        self.fingerprint = ""
        if request.method == "POST" and "HTTP_IDEMPOTENCY_KEY" in request.META:
            self.look_up_answer(request)

    def look_up_answer(self, request) -> None:
        """Answer a repeated call as the first one was; hold the key until the transaction ends."""
        self.key = request.META["HTTP_IDEMPOTENCY_KEY"]
        if not 1 <= len(self.key) <= 255 or not self.key.isprintable():
            raise Problem("malformed", _("An Idempotency-Key has 1 to 255 printable characters."))
        body = request._request.body
        self.fingerprint = hashlib.sha256(
            b"\n".join((request.get_full_path().encode(), request.META.get("HTTP_PREFER", "").encode(), body))
        ).hexdigest()
        self.owner = (request.user.pk, request.user.acting_for_id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 2))", [f"{self.owner}{self.key}"])
            if not cursor.fetchone()[0]:
                raise Problem("in_flight")
        kept = RememberedAnswer.objects.filter(user_id=self.owner[0], partner_id=self.owner[1], key=self.key).first()
        if kept is None:
            return
        if kept.fingerprint != self.fingerprint:
            raise Problem("key_reused")
        self.fingerprint = ""
        raise Replay(
            HttpResponse(bytes(kept.body), status=kept.status, headers={**kept.headers, "Idempotency-Replayed": "true"})
        )

    def handle_exception(self, exc):
        return exc.response if isinstance(exc, Replay) else super().handle_exception(exc)

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        applied = []
        if getattr(self, "ignored", None):
            applied.append("handling=lenient")
            response["Ignored-Fields"] = ", ".join(f'"{quote(name, safe=" ")}"' for name in dict.fromkeys(self.ignored))
        if response.status_code < 300 and request.method not in ("GET", "HEAD", "OPTIONS"):
            if self.is_dry_run:
                applied.append("dry-run")
                transaction.set_rollback(True)
            elif self.fingerprint:
                self.remember(response)
        if applied:
            response["Preference-Applied"] = ", ".join(applied)
        return response

    def remember(self, response: HttpResponse) -> None:
        """Keep the answer in the transaction of its effect; refusals had no effect and are not kept."""
        names = ("Content-Type", "ETag", "Location", "Vary", "Cache-Control", "Ignored-Fields")
        RememberedAnswer(
            user_id=self.owner[0],
            partner_id=self.owner[1],
            key=self.key,
            fingerprint=self.fingerprint,
            status=response.status_code,
            headers={name: response[name] for name in names if name in response},
            body=response.content,
        ).save(force_insert=True)

    # Input ----------------------------------------------------------------------------------------------------------------------

    def checked(
        self, serializer_class: type[serializers.Serializer], data: Any = None, *, instance: Any = None
    ) -> dict[str, Any]:
        """The body, checked; a ValidationError names each wrong value."""
        body = self.request.data if data is None else data
        serializer = serializer_class(
            instance, data=body or {}, partial=instance is not None, context=self.get_serializer_context()
        )
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def chosen_ordering(self) -> str:
        order = self.request.GET.get("ordering") or self.default_ordering
        if order.removeprefix("-") not in self.ordering_fields:
            raise Problem("invalid_parameter", _("“%(name)s” does not understand this value.") % {"name": "ordering"})
        return order


class Lists:
    def list(self, request, *args, **kwargs) -> HttpResponse:
        """The rows you may see, newest first; follow `next` until it is null."""
        shape = self.shape()
        plain = not request.GET.keys() - PAGED
        return answer(
            self.paginator.page(
                self,
                request,
                lambda: self.filter_queryset(self.get_queryset()),
                shape.columns,
                lambda found: self.finish(shape.rows(found, request.user)),
                self.known_rows() if plain else None,
            )
        )


class Retrieves:
    def retrieve(self, request, pk=None) -> HttpResponse:
        """One record, with its version as ETag."""
        body = self.one(pk)
        if "version" in body and f'"{body["version"]}"' in request.META.get("HTTP_IF_NONE_MATCH", ""):
            return HttpResponse(status=304, headers={"ETag": f'"{body["version"]}"'})
        return self.reply(body)


class Reads(Lists, Retrieves):
    """Lists and single records."""


class Creates:
    """``POST RESOURCE/``. ``may_create`` names the capability; ``create_row`` calls the model's verb."""

    may_create = ""

    def create(self, request) -> HttpResponse:
        """Make a record."""
        self.refuse_unless_creator()
        row, known = self.created(self.checked(self.serializer_for(request.user)))
        return self.reply(self.view_of(row, **known), 201)

    def refuse_unless_creator(self) -> None:
        if not self.request.user.may(self.may_create):
            raise Problem("not_allowed")

    def created(self, data: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        row = self.create_row(**data)
        known: dict[str, Any] = {"external_ids": []} if isinstance(row, models.Model) else {}
        return row, known

    def create_row(self, **data: Any) -> Any:
        """A record without rules of its own: checked by its model, saved, told."""
        related = _related(self.model, data)
        row = self.model(**data)
        row.full_clean()
        row.save(force_insert=True)
        _put_related(row, related)
        events.record(row, "created", by=self.request.user, partner_id=self.told_to(row))
        return row

    def told_to(self, row: Any) -> Any:
        """The partner that may read what happens to the row."""
        return None


class Edits:
    """``PATCH RESOURCE/{id}/`` with ``If-Match``."""

    def partial_update(self, request, pk=None) -> HttpResponse:
        """Change the given fields; needs the ETag you read in If-Match."""
        self.version = self.required_version()
        row = self.row()
        self.edit_row(row, **self.checked(self.serializer_for(request.user), instance=row))
        return self.shown(row)

    def edit_row(self, row: Any, **data: Any) -> None:
        row.lock(self.version)
        related = _related(self.model, data)
        for name, value in data.items():
            setattr(row, name, value)
        row.full_clean()
        row.put(**data)
        _put_related(row, related)
        events.record(
            row, "changed", by=self.request.user, partner_id=self.told_to(row), fields=sorted([*data, *related])
        )

    def told_to(self, row: Any) -> Any:
        return None


def _related(model: Any, data: dict[str, Any]) -> dict[str, Any]:
    """Take out of the input what is not stored in the record's own row."""
    fields = {name: model._meta.get_field(name) for name in data}
    return {name: data.pop(name) for name, field in fields.items() if field.many_to_many or field.one_to_many}


def _put_related(row: Any, related: dict[str, Any]) -> None:
    for name, values in related.items():
        if row._meta.get_field(name).many_to_many:
            getattr(row, name).set(values)
        else:
            replace_parts(row, name, values)


class Deletes:
    """``DELETE RESOURCE/{id}/`` with ``If-Match``; ``delete_row`` calls the model's verb."""

    def destroy(self, request, pk=None) -> HttpResponse:
        """Delete the record; needs the ETag you read in If-Match."""
        self.version = self.required_version()
        row = self.row()
        self.delete_row(row)
        return answer(None, 204)

    def delete_row(self, row: Any) -> None:
        row.lock(self.version)
        row.delete()
        ExternalId.objects.about(self.model, [row.pk]).delete()
