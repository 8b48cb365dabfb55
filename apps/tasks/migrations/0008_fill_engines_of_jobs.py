from django.db import migrations

FILL = """
INSERT INTO jobs_jobengine (job_id, tenant_id, engine_id)
SELECT DISTINCT t.job_id, j.tenant_id, t.engine_id
FROM tasks_task t JOIN jobs_job j ON j.id = t.job_id
WHERE NOT EXISTS (SELECT 1 FROM jobs_jobengine e WHERE e.job_id = t.job_id
  AND e.engine_id = t.engine_id)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0005_find_by_engine'),
        ('tasks', '0007_waits_read_back'),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
