from django.urls import path

from prm.money import views

app_name = "money"
urlpatterns = [
    path("", views.rate_list, name="rates"),
    path("new/", views.rate_create, name="rate_create"),
    path("<uuid:pk>/", views.rate, name="rate"),
    path("<uuid:pk>/removal/", views.removal, name="removal"),
]
