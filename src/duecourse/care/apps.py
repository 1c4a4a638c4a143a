"""The Django app of the room `care`."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """Names the room to Django."""

    name = "duecourse.care"
    label = "care"
    verbose_name = "Care"
    default_auto_field = "django.db.models.BigAutoField"
