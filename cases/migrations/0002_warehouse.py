"""What the warehouse's answers may do by themselves, and how its checks are found."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.rls import EnableTenantRLS, SweepColumns


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_members"),
        ("cases", "0001_initial"),
        ("inbox", "0011_cases_in_the_queue"),
        ("marketplaces", "0010_connection_trials"),
        ("orders", "0010_limited_members"),
    ]

    operations = [
        migrations.CreateModel(
            name="WarehouseRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tracking_leaves", models.BooleanField(default=False)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="warehousecheck",
            name="prepared_settled_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="warehousecheck",
            name="seen_event",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="warehousecheck",
            name="seen_message",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="warehousecheck",
            name="seen_reply",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name="warehousecheck",
            index=models.Index(fields=["tenant", "order", "-asked_at"], name="cases_check_order"),
        ),
        migrations.AddIndex(
            model_name="warehousecheck",
            index=models.Index(
                condition=models.Q(("tracking_number", ""), _negated=True),
                fields=["tenant", "tracking_number"],
                name="cases_check_tracking",
            ),
        ),
        migrations.AddField(
            model_name="warehouserule",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.tenant",
            ),
        ),
        migrations.AddConstraint(
            model_name="warehouserule",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="cases_warehouserule_tenant_id"),
        ),
        migrations.AddConstraint(
            model_name="warehouserule",
            constraint=models.UniqueConstraint(fields=("tenant",), name="cases_warehouse_rule_once"),
        ),
        EnableTenantRLS("cases_warehouserule"),
        SweepColumns("cases_warehousecheck", "id", "tenant_id", "state", "due_at", "escalated_at"),
    ]
