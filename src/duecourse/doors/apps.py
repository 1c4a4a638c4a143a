"""The Django app of the room `doors`."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """Names the room to Django."""

    name = "duecourse.doors"
    label = "doors"
    verbose_name = "Doors"
    default_auto_field = "django.db.models.BigAutoField"
