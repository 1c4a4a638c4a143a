"""The ground floor's tests run on busy machines: a property may take its time."""

from hypothesis import settings

settings.register_profile("kit", deadline=None)
settings.load_profile("kit")
