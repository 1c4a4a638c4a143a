"""The Django app of the room `ledger`."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """Names the room to Django."""

    name = "duecourse.ledger"
    label = "ledger"
    verbose_name = "Ledger"
    default_auto_field = "django.db.models.BigAutoField"
