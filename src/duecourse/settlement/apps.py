"""The Django app of the room `settlement`."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """Names the room to Django."""

    name = "duecourse.settlement"
    label = "settlement"
    verbose_name = "Settlement"
    default_auto_field = "django.db.models.BigAutoField"
