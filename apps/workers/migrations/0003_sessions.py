import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0003_retention'),
        ('workers', '0002_drain_and_proof'),
    ]

    operations = [
        migrations.CreateModel(
            name='ServedModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model', models.CharField(max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name='Session',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('model', models.CharField(max_length=100)),
                ('status', models.CharField(choices=[('offered', 'Offered'), ('active', 'Active'), ('ended', 'Ended'), ('expired', 'Expired'), ('lost', 'Lost')], default='offered', editable=False, max_length=7)),
                ('metadata', models.JSONField(default=dict)),
                ('ttl_seconds', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField()),
                ('connect_by', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(null=True)),
                ('unlisted_since', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('end_reason', models.CharField(blank=True, max_length=200)),
                ('created_by', models.CharField(max_length=200)),
                ('placement', models.JSONField(default=dict)),
                ('idempotency_key', models.CharField(max_length=200, null=True)),
                ('request_hash', models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.AddField(
            model_name='worker',
            name='active',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='worker',
            name='beat_number',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='worker',
            name='drain_deadline_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='worker',
            name='said',
            field=models.CharField(blank=True, choices=[('ready', 'Ready'), ('busy', 'Busy'), ('draining', 'Draining'), ('unhealthy', 'Unhealthy'), ('offline', 'Offline')], max_length=9),
        ),
        migrations.AddField(
            model_name='worker',
            name='superseded_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name='worker',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'realtime'), ('superseded_at', None)), fields=('name',), name='worker_one_life'),
        ),
        migrations.AddField(
            model_name='servedmodel',
            name='worker',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='served', to='workers.worker'),
        ),
        migrations.AddField(
            model_name='session',
            name='tenant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='session',
            name='worker',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='workers.worker'),
        ),
        migrations.AddIndex(
            model_name='servedmodel',
            index=models.Index(fields=['model', 'worker'], name='served_by'),
        ),
        migrations.AddConstraint(
            model_name='servedmodel',
            constraint=models.UniqueConstraint(fields=('worker', 'model'), name='served_model_once'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('status__in', ['active', 'offered'])), fields=['worker'], name='session_by_worker'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('status__in', ['active', 'offered'])), fields=['tenant'], name='session_by_tenant'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('status__in', ['active', 'offered'])), fields=['expires_at'], name='session_expires'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('status', 'offered')), fields=['connect_by'], name='session_offered'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(fields=['model', '-created_at'], name='session_arrivals'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['model', '-ended_at'], name='session_lengths'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(fields=['tenant', '-id'], name='session_list'),
        ),
        migrations.AddConstraint(
            model_name='session',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['offered', 'active', 'ended', 'expired', 'lost'])), name='session_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='session',
            constraint=models.UniqueConstraint(condition=models.Q(('idempotency_key__isnull', False)), fields=('tenant', 'idempotency_key'), name='session_key_once'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('idempotency_key__isnull', False)), fields=['created_at'], name='session_keys'),
        ),
    ]
