"""Somebody waits to hear what the marketplace lets the seller write about an order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_order_records")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="message_actions_wanted",
            field=models.BooleanField(default=False),
        ),
    ]
