"""Addresses of credit; part of the app's own."""

from django.urls import path

from attribution.reports import views

urlpatterns = [
    path("reports/credit/", views.report, name="credit"),
    path("reports/credit/rows/", views.credit_list, name="credits"),
    path("reports/credit/deals/<uuid:pk>/", views.journey, name="journey"),
    path("portal/credit/", views.own_credit_list, name="portal_credit"),
]
