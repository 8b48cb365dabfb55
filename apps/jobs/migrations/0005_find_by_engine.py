import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0004_no_index_twice'),
    ]

    operations = [
        migrations.CreateModel(
            name='JobEngine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tenant_id', models.UUIDField(editable=False)),
                ('engine_id', models.CharField(max_length=100)),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='engines', to='jobs.job')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['engine_id', '-job'], name='job_engine_find'),
                    models.Index(fields=['tenant_id', 'engine_id', '-job'], name='job_engine_of_tenant'),
                ],
                'constraints': [models.UniqueConstraint(fields=('job', 'engine_id'), name='job_engine_once')],
            },
        ),
        migrations.AddField(
            model_name='joblabel',
            name='tenant_id',
            field=models.UUIDField(editable=False, null=True),
        ),
    ]
