from django.db import migrations

FILL = """
UPDATE jobs_joblabel SET tenant_id =
  (SELECT j.tenant_id FROM jobs_job j WHERE j.id = jobs_joblabel.job_id)
WHERE tenant_id IS NULL
"""


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0005_find_by_engine'),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
