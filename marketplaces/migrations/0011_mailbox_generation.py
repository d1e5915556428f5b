from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("marketplaces", "0010_connection_trials"),
    ]

    operations = [
        migrations.AddField(
            model_name="mailfolder",
            name="first_name",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.AddField(
            model_name="selleraccount",
            name="mailbox_generation",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
