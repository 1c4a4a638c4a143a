"""The Django app of the room `contact`."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """Names the room to Django."""

    name = "duecourse.contact"
    label = "contact"
    verbose_name = "Contact"
    default_auto_field = "django.db.models.BigAutoField"
