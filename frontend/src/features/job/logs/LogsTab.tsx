import type { JobDetail, Task } from "@/api/domain";
import { useJobLogs } from "@/api/streams";
import { LogPanel } from "@/features/job/logs/LogPanel";
import { ACTIVE } from "@/live/intervals";

/** The log of all tasks in time. */
export default function LogsTab({ job, tasks }: { job: JobDetail; tasks: Task[] }) {
  return <LogPanel log={useJobLogs(job.id, tasks)} named={tasks.length > 1} active={ACTIVE.has(job.status)} />;
}
