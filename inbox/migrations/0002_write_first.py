"""Replies that leave by another way than mail."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="outboundreply",
            name="channel",
            field=models.CharField(
                choices=[
                    ("mail", "Mail to the marketplace's relay"),
                    ("messaging", "The marketplace's messaging API"),
                ],
                default="mail",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="outboundreply",
            name="action",
            field=models.CharField(blank=True, default="", max_length=60),
        ),
    ]
