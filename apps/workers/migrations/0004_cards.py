
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workers', '0003_sessions'),
    ]

    operations = [
        migrations.CreateModel(
            name='NodeCards',
            fields=[
                ('node', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='cards', serialize=False, to='workers.node')),
                ('at', models.DateTimeField()),
                ('driver', models.CharField(max_length=9)),
                ('driver_version', models.CharField(blank=True, max_length=80)),
                ('reason', models.CharField(blank=True, max_length=20)),
                ('detail', models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name='WorkerHosts',
            fields=[
                ('worker', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='hosts', serialize=False, to='workers.worker')),
                ('hosts', models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name='Gpu',
            fields=[
                ('uuid', models.CharField(max_length=96, primary_key=True, serialize=False)),
                ('index', models.PositiveSmallIntegerField()),
                ('name', models.CharField(blank=True, max_length=120)),
                ('total_mb', models.PositiveIntegerField(null=True)),
                ('mig_parent', models.CharField(blank=True, max_length=96)),
                ('driver', models.CharField(max_length=9)),
                ('first_seen_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('missing_since', models.DateTimeField(null=True)),
                ('retired_at', models.DateTimeField(null=True)),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='gpus', to='workers.node')),
            ],
        ),
        migrations.CreateModel(
            name='GpuMinute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField()),
                ('samples', models.PositiveIntegerField()),
                ('unread', models.PositiveIntegerField(default=0)),
                ('used_mb', models.FloatField(null=True)),
                ('used_peak_mb', models.PositiveIntegerField(null=True)),
                ('utilization', models.FloatField(null=True)),
                ('utilization_peak', models.PositiveSmallIntegerField(null=True)),
                ('temperature', models.FloatField(null=True)),
                ('temperature_peak', models.SmallIntegerField(null=True)),
                ('power_w', models.FloatField(null=True)),
                ('power_peak_w', models.FloatField(null=True)),
                ('reason', models.CharField(blank=True, max_length=20)),
                ('gpu', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workers.gpu')),
            ],
            options={
                'abstract': False,
                'indexes': [models.Index(fields=['starts_at'], name='gpuminute_age')],
                'constraints': [models.UniqueConstraint(fields=('gpu', 'starts_at'), name='gpuminute_once')],
            },
        ),
        migrations.CreateModel(
            name='GpuQuarter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField()),
                ('samples', models.PositiveIntegerField()),
                ('unread', models.PositiveIntegerField(default=0)),
                ('used_mb', models.FloatField(null=True)),
                ('used_peak_mb', models.PositiveIntegerField(null=True)),
                ('utilization', models.FloatField(null=True)),
                ('utilization_peak', models.PositiveSmallIntegerField(null=True)),
                ('temperature', models.FloatField(null=True)),
                ('temperature_peak', models.SmallIntegerField(null=True)),
                ('power_w', models.FloatField(null=True)),
                ('power_peak_w', models.FloatField(null=True)),
                ('reason', models.CharField(blank=True, max_length=20)),
                ('gpu', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workers.gpu')),
            ],
            options={
                'abstract': False,
                'indexes': [models.Index(fields=['starts_at'], name='gpuquarter_age')],
                'constraints': [models.UniqueConstraint(fields=('gpu', 'starts_at'), name='gpuquarter_once')],
            },
        ),
        migrations.CreateModel(
            name='GpuSample',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('used_mb', models.PositiveIntegerField(null=True)),
                ('utilization', models.PositiveSmallIntegerField(null=True)),
                ('temperature', models.SmallIntegerField(null=True)),
                ('power_w', models.FloatField(null=True)),
                ('reason', models.CharField(blank=True, max_length=20)),
                ('holders', models.JSONField(default=list)),
                ('gpu', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='samples', to='workers.gpu')),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='gpu_sample_age')],
                'constraints': [models.UniqueConstraint(fields=('gpu', 'at'), name='gpu_sample_once')],
            },
        ),
    ]
