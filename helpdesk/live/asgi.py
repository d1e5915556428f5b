"""The entry point of the live processes."""

import os

import django
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

# The application knows our tables, so Django must be set up before it is imported.
django.setup()
application = import_string("helpdesk.live.app.Live")()
