"""The Django app of the room `placement`."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """Names the room to Django."""

    name = "duecourse.placement"
    label = "placement"
    verbose_name = "Placement"
    default_auto_field = "django.db.models.BigAutoField"
