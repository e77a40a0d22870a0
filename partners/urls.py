from django.urls import path

from partners import views

app_name = "partners"
urlpatterns = [
    path("", views.partner_list, name="partners"),
    path("new/", views.partner_create, name="partner_create"),
    path("groups/", views.group_list, name="groups"),
    path("groups/new/", views.group_create, name="group_create"),
    path("groups/<uuid:pk>/", views.group, name="group"),
    path("teams/", views.team_list, name="teams"),
    path("teams/new/", views.team_create, name="team_create"),
    path("teams/<uuid:pk>/", views.team, name="team"),
    path("supply-relations/<uuid:pk>/end/", views.supply_end, name="supply_end"),
    path("<uuid:pk>/", views.partner, name="partner"),
    path("<uuid:pk>/edit/", views.partner_edit, name="partner_edit"),
    path("<uuid:pk>/status/", views.partner_status, name="partner_status"),
    path("<uuid:pk>/assignment/", views.assignment, name="assignment"),
    path("<uuid:pk>/supply-relations/", views.supply_create, name="supply_create"),
]
