"""The entry point of the web processes."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

application = get_wsgi_application()

# What start-up made lives for ever; keeping it out of every collection took the slow tail off page times.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)
