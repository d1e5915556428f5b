from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0012_policies"),
    ]

    operations = [
        migrations.AlterField(
            model_name="deadline",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("replied", "Replied"),
                    ("answered_elsewhere", "Answered elsewhere"),
                    ("no_response_needed", "No response needed"),
                    ("not_buyer_message", "Not a buyer message"),
                    ("merged", "Merged"),
                    ("case_done", "Done about the case"),
                ],
                default="",
                max_length=30,
            ),
        ),
    ]
