"""The floor: what Django and DRF cost before a product does anything.

One table of deals joined to one of partners; no sign-in, no isolation, no audit, no middleware. The list and the single read
go from ``values()`` to orjson, the create through a ModelSerializer. ``gunicorn benchmarks.floor.app``.
"""

import os

import django
from django.conf import settings

settings.configure(
    SECRET_KEY=os.environ["FLOOR_SECRET"],
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=[],
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["FLOOR_DATABASE"],
            "USER": os.environ["FLOOR_USER"],
            "PASSWORD": os.environ["FLOOR_PASSWORD"],
            "HOST": os.environ["FLOOR_HOST"],
            "PORT": os.environ["FLOOR_PORT"],
            "CONN_MAX_AGE": None,
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

import orjson  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import renderers, serializers  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

PAGE = 50


class Partner(models.Model):
    name = models.CharField(max_length=200)

    class Meta:
        app_label, db_table = "floor", "partner"

    def __str__(self) -> str:
        return self.name


class Deal(models.Model):
    title = models.CharField(max_length=200)
    customer = models.CharField(max_length=200)
    contact = models.CharField(max_length=200)
    email = models.EmailField()
    phone = models.CharField(max_length=40)
    country = models.CharField(max_length=2)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    stage = models.CharField(max_length=20)
    closes_on = models.DateField()
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    partner = models.ForeignKey(Partner, models.PROTECT)

    class Meta:
        app_label, db_table = "floor", "deal"
        indexes = [models.Index(fields=["-created_at", "-id"], name="deal_recent")]

    def __str__(self) -> str:
        return self.title


COLUMNS = (
    *("id", "title", "customer", "contact", "email", "phone", "country", "amount", "stage", "closes_on", "created_at"),
    *("partner_id", "partner__name"),
)


class DealSerializer(serializers.ModelSerializer):
    class Meta:
        model = Deal
        exclude = ()


class Orjson(renderers.BaseRenderer):
    media_type, format, charset = "application/json", "json", None

    def render(self, data, accepted_media_type=None, renderer_context=None) -> bytes:
        return orjson.dumps(data, default=str)


class Deals(APIView):
    renderer_classes = [Orjson]

    def get(self, request) -> Response:
        return Response({"results": list(Deal.objects.order_by("-created_at", "-id").values(*COLUMNS)[:PAGE])})

    def post(self, request) -> Response:
        serializer = DealSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response({"id": serializer.save().pk}, status=201)


class OneDeal(APIView):
    renderer_classes = [Orjson]

    def get(self, request, pk: int) -> Response:
        return Response(Deal.objects.values(*COLUMNS).get(pk=pk))


urlpatterns = [path("deals/", Deals.as_view()), path("deals/<int:pk>/", OneDeal.as_view())]
application = get_wsgi_application()
