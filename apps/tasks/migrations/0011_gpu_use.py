
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0010_oldest_by_engine'),
    ]

    operations = [
        migrations.AddField(
            model_name='attempt',
            name='autopsy',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='gpu_ms',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='usageday',
            name='gpu_ms',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='usagedelta',
            name='gpu_ms',
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='usagehour',
            name='gpu_ms',
            field=models.BigIntegerField(default=0),
        ),
    ]
