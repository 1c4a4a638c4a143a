"""The Django app of the room `repayment`."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """Names the room to Django."""

    name = "duecourse.repayment"
    label = "repayment"
    verbose_name = "Repayment"
    default_auto_field = "django.db.models.BigAutoField"
