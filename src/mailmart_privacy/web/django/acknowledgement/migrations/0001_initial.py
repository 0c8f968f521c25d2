"""Make the table."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """The first state of the table."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar = [
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person", models.CharField(db_index=True, max_length=255)),
                ("text_id", models.CharField(max_length=27)),
                ("digest", models.CharField(max_length=64)),
                ("acknowledged_at", models.DateTimeField()),
                ("shown", models.CharField(max_length=100)),
            ],
        ),
    ]
