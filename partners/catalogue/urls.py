from django.urls import path

from partners.catalogue import views

app_name = "catalogue"
urlpatterns = [
    path("", views.product_list, name="products"),
    path("products/new/", views.product_create, name="product_create"),
    path("products/<uuid:pk>/", views.product, name="product"),
    path("lines/", views.line_list, name="lines"),
    path("lines/new/", views.line_create, name="line_create"),
    path("lines/<uuid:pk>/", views.line, name="line"),
    path("price-lists/", views.price_list_list, name="price_lists"),
    path("price-lists/new/", views.price_list_create, name="price_list_create"),
    path("price-lists/<uuid:pk>/", views.price_list, name="price_list"),
    path("discounts/", views.discount_list, name="discounts"),
    path("discounts/new/", views.discount_create, name="discount_create"),
    path("discounts/<uuid:pk>/", views.discount, name="discount"),
]
