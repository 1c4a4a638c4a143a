"""The Django app of the room `parties`."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """Names the room to Django."""

    name = "duecourse.parties"
    label = "parties"
    verbose_name = "Parties"
    default_auto_field = "django.db.models.BigAutoField"
