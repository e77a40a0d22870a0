from django.urls import path

from territories import views

app_name = "territories"
urlpatterns = [
    path("", views.customer_list, name="customers"),
    path("new/", views.customer_create, name="customer_create"),
    path("<uuid:pk>/", views.customer, name="customer"),
    path("<uuid:pk>/edit/", views.customer_edit, name="customer_edit"),
]
