"""What the web server loads; it refuses an unsafe login before the first request."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duecourse.config.settings")
os.environ.setdefault("DUECOURSE_POOL", "8")

from django.core.wsgi import get_wsgi_application

from duecourse.config.boot import check_before_serving

application = get_wsgi_application()
check_before_serving()
