from django.db import migrations, models

from accounts.rls import SweepColumns


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_members"),
        ("cases", "0003_evidence"),
        ("inbox", "0014_running_deadlines_are_told"),
        ("marketplaces", "0010_connection_trials"),
        ("orders", "0010_limited_members"),
    ]

    operations = [
        migrations.AddField(
            model_name="case",
            name="remind_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("remind_at__isnull", False)),
                fields=["tenant", "remind_at"],
                name="cases_case_remind",
            ),
        ),
        SweepColumns("cases_case", "id", "tenant_id", "remind_at"),
    ]
