from django.urls import path

from partners.programs import views

app_name = "programs"
urlpatterns = [
    path("", views.program_list, name="programs"),
    path("new/", views.program_create, name="program_create"),
    path("tiers/<uuid:pk>/", views.tier_edit, name="tier_edit"),
    path("enrolments/<uuid:pk>/tier/", views.tier_change, name="tier_change"),
    path("enrolments/<uuid:pk>/end/", views.enrolment_end, name="enrolment_end"),
    path("partners/<uuid:pk>/enrolments/", views.enrolment_create, name="enrolment_create"),
    path("<uuid:pk>/", views.program, name="program"),
    path("<uuid:pk>/edit/", views.program_edit, name="program_edit"),
    path("<uuid:pk>/tiers/", views.tier_create, name="tier_create"),
    path("<uuid:pk>/enrolments/", views.enrol, name="enrol"),
]
