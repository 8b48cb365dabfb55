from django.db import migrations, models

import apps.jobs.search


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0006_fill_owners_of_labels'),
        ('tenants', '0002_weight_and_pause'),
    ]

    operations = [
        migrations.AlterField(
            model_name='joblabel',
            name='tenant_id',
            field=models.UUIDField(editable=False),
        ),
        migrations.AddIndex(
            model_name='joblabel',
            index=models.Index(fields=['tenant_id', 'name', 'value', '-job'], name='job_label_of_tenant'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('deleted_at', None)), fields=['pipeline', '-id'], name='job_by_pipeline'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(models.F('tenant'), apps.jobs.search.Beginning('name'), condition=models.Q(('deleted_at', None)), name='job_by_name'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('completed_at__isnull', False), ('deleted_at', None)), fields=['tenant', 'completed_at'], name='job_ended'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('deleted_at__isnull', False)), fields=['id'], name='job_to_purge'),
        ),
    ]
