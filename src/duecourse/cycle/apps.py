"""The Django app of the room `cycle`."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """Names the room to Django."""

    name = "duecourse.cycle"
    label = "cycle"
    verbose_name = "Cycle"
    default_auto_field = "django.db.models.BigAutoField"
