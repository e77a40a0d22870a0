"""The OpenAPI 3.1 document, made from the same viewsets and serializers that answer."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.reverse import reverse

from prm.api.problems import KINDS
from prm.api.renderers import JSON, PROBLEM, dumps

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "required": ["type", "title", "status", "detail", "instance", "code", "reason", "errors"],
    "properties": {
        "type": {"type": "string", "description": "Address of the code's explanation."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "Names this call in the logs."},
        "code": {"type": "string"},
        "reason": {"type": "string", "enum": ["request", "business"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "JSON pointer to the value; empty for the whole body.",
                    },
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "results": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Of a refused batch: its refused items.",
        },
    },
}
IF_MATCH = {"name": "If-Match", "in": "header", "schema": {"type": "string", "pattern": r'^"\d+"$'}}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Repeat a call with the same key and it happens once; kept for 7 days.",
}
PREFER = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string"},
    "description": "`handling=lenient` leaves unknown fields aside and names them in Ignored-Fields; `dry-run` answers as the call "
    "would and saves nothing.",
}
BATCH_REQUEST = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {
        "items": {
            "type": "array",
            "minItems": 1,
            "maxItems": 200,
            "items": {"type": "object"},
            "description": "Fields of the record, with `id` (and `version`) to change one, or `external_id` "
            "({source, external_id}) to upsert one.",
        },
        "all_or_none": {"type": "boolean", "default": False},
    },
}
STATUSES = {
    400: "Something in the request is not valid.",
    401: "No valid token.",
    403: "The token's scopes or the person's role do not allow it.",
    404: "There is no such record among those you may see.",
    409: "A rule or another record does not allow it.",
    412: "The record has changed since it was read.",
    415: "The body is not JSON.",
    422: "Something is missing, or the Idempotency-Key was used for another call.",
    428: "If-Match is missing.",
}
VERBS = {"list": "List", "retrieve": "Read", "create": "Make", "partial_update": "Change", "destroy": "Delete"}


class Schema(AutoSchema):
    @property
    def verb(self) -> dict[str, Any] | None:
        handler = getattr(self.view, self.view.action or "", None)
        return getattr(handler, "verb", None)

    @property
    def made(self) -> Any:
        """What ``create`` takes and answers, where that is not the record itself."""
        return getattr(self.view, "create_serializer_class", None) if self.view.action == "create" else None

    @property
    def needs_version(self) -> bool:
        return bool(self.verb and self.verb["on_version"]) or self.view.action in ("partial_update", "destroy")

    def get_auth(self) -> list:
        return []  # said once for the whole document

    def get_tags(self) -> list[str]:
        return [self.view.basename]

    def get_operation_id(self) -> str:
        noun = self.view.basename.replace("-", "_")
        if self.verb:
            return f"{noun}_{self.view.action}"
        return f"{noun}_{ {'partial_update': 'change', 'destroy': 'delete'}.get(self.view.action, self.view.action) }"

    def get_summary(self) -> str:
        noun = self.view.basename.replace("-", " ")
        if self.view.action in VERBS:
            return f"{VERBS[self.view.action]} {noun}"
        name = self.verb["name"] if self.verb else self.view.action.replace("_", " ")
        return f"{name.capitalize()}: {noun}"

    def get_description(self) -> str:  # type: ignore[override]
        handler = getattr(self.view, self.view.action or "", None)
        scope = getattr(self.view, "api_scope", "") or "write"
        scope = "read" if self.method == "GET" else scope
        return f"{(handler.__doc__ or '').strip()}\n\nScope: `{self.view.basename}:{scope}`."

    def get_request_serializer(self) -> Any:
        if self.view.action == "batch":
            return {JSON: BATCH_REQUEST}
        if self.verb:
            return self.verb["input"]
        return self.made or type(self.view).serializer_class

    def get_response_serializers(self) -> Any:
        if self.verb and "answers" in self.verb:
            return self.verb["answers"]
        if self.made:
            return self.made
        serializer, other = type(self.view).serializer_class, getattr(self.view, "partner_serializer_class", None)
        if other is None:
            return serializer
        name = f"Any{serializer.__name__.removesuffix('Serializer')}"
        return PolymorphicProxySerializer(
            name, [serializer, other], resource_type_field_name=None, many=self._is_list_view()
        )

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self.view.action == "list"

    def get_override_parameters(self) -> list:
        return []

    def get_filter_backends(self) -> list:
        return self.view.filter_backends if self.view.action == "list" else []

    def _get_parameters(self) -> list[dict]:
        parameters = super()._get_parameters()
        if self.method == "GET":
            return parameters
        if self.needs_version:
            parameters.append({**IF_MATCH, "required": True, "description": "The ETag you read."})
        elif self.view.action == "put_by_external_id":
            parameters.append({**IF_MATCH, "description": "Optional here; respected when sent."})
        if self.method == "POST":
            parameters.append(KEY)
        parameters.append(PREFER)
        return parameters

    def _get_response_bodies(self, direction: Any = "response") -> dict:
        action = self.view.action
        if action == "batch":
            bodies = {
                "200": {"description": "One result per item, in order.", "content": {JSON: {"schema": self._batch()}}}
            }
        elif action == "destroy":
            bodies = {"204": {"description": "Deleted."}}
        elif self.verb and self.verb.get("status") == 204:
            bodies = {"204": {"description": "Done."}}
        else:
            found = super()._get_response_bodies(direction)
            body = next(iter(found.values()))
            statuses = {"create": ["201"], "put_by_external_id": ["200", "201"]}.get(action, ["200"])
            if self.verb and self.verb.get("status"):
                statuses = [str(self.verb["status"])]
            bodies = {status: {**body, "description": body.get("description") or ""} for status in statuses}
        if action == "retrieve":
            bodies["304"] = {"description": "Not changed since the ETag in If-None-Match."}
        for status in self._refusals():
            bodies[str(status)] = {
                "description": STATUSES[status],
                "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        return bodies

    def _refusals(self) -> list[int]:
        found = {401, 403, 404}
        if self.view.action in ("list", "by_external_id", "put_by_external_id"):
            found.add(400)
        if self.method != "GET":
            found |= {400, 409, 412, 415, 422}
        if self.needs_version or self.view.action == "put_by_external_id":
            found |= {412, 428}
        return sorted(found)

    def _batch(self) -> dict:
        record = self.resolve_serializer(type(self.view).serializer_class, "response").ref
        item = {
            "type": "object",
            "required": ["index", "status"],
            "properties": {
                "index": {"type": "integer"},
                "status": {"type": "integer"},
                "record": record,
                "problem": {"$ref": "#/components/schemas/Problem"},
                "ignored_fields": {"type": "array", "items": {"type": "string"}},
            },
        }
        return {"type": "object", "required": ["results"], "properties": {"results": {"type": "array", "items": item}}}


def finish_document(result: dict, generator: Any, request: Any, public: bool) -> dict:
    """Add what belongs to the whole document (drf-spectacular's post-processing hook)."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    result["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal token: `Authorization: Bearer prm_…`.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "prm_session",
            "description": "The screens' own calls; writes need the CSRF token.",
        },
    }
    result["security"] = [{"token": []}, {"session": []}]
    for path in result["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
    return _any_of(result)


def _any_of(node: Any) -> Any:
    """An empty text may match both a format and "empty": alternatives do not exclude one another."""
    if isinstance(node, dict):
        return {("anyOf" if key == "oneOf" else key): _any_of(value) for key, value in node.items()}
    return [_any_of(one) for one in node] if isinstance(node, list) else node


@cache
def _document() -> bytes:
    with override("en"):
        return dumps(SchemaGenerator().get_schema(request=None, public=True))


@login_not_required
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document; the same for everybody."""
    return HttpResponse(_document(), content_type="application/vnd.oai.openapi+json;version=3.1")


@login_not_required
def documentation(request: HttpRequest) -> HttpResponse:
    """The document for people, with every error code explained."""
    codes = [
        (code, kind.status, kind.title, re.sub(r"%\((\w+)\)s", "…", str(kind.detail))) for code, kind in KINDS.items()
    ]
    return render(request, "api/docs.html", {"codes": codes, "schema_url": reverse("api:schema")})
