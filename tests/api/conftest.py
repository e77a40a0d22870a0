"""Calls with tokens, and SQL counted."""

from __future__ import annotations

from contextlib import contextmanager

import orjson
import pytest
from django.db import connection
from django.test import Client

from prm.api.models import ApiToken

UNCOUNTED = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "SELECT set_config")


class Api:
    """``api(user).get("/partners/")``: JSON calls as the person's program."""

    def __init__(self, user, *scopes: str):
        self.user = user
        self.token, secret = ApiToken.objects.issue(user, scopes=scopes or ("*",), membership=user.membership)
        self.secret = secret
        self.client = Client(headers={"authorization": f"Bearer {secret}"})

    def __call__(self, method: str, path: str, body=None, **headers):
        given = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        return self.client.generic(
            method.upper(),
            f"/api/v1{path}",
            data=b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body),
            content_type="application/json",
            headers=given,
        )

    def get(self, path, **headers):
        return self("get", path, **headers)

    def post(self, path, body=None, **headers):
        return self("post", path, body, **headers)

    def patch(self, path, body=None, **headers):
        return self("patch", path, body, **headers)

    def put(self, path, body=None, **headers):
        return self("put", path, body, **headers)

    def delete(self, path, **headers):
        return self("delete", path, **headers)


@pytest.fixture
def api(system):
    return Api


@pytest.fixture
def counted():
    """The SQL statements of a block, without those that only steer the transaction."""

    @contextmanager
    def block():
        found: list[str] = []

        def note(execute, sql, params, many, context):
            if not sql.lstrip().startswith(UNCOUNTED):
                found.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            yield found

    return block
