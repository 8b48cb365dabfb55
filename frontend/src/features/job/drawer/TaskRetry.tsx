import { useMutation, useQueryClient } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import type { Job, Task } from "@/api/domain";
import { retryTask } from "@/api/endpoints";
import { keys } from "@/api/keys";
import { useTenant } from "@/app/tenant";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialogs";

const ENDED_BADLY = new Set(["failed", "cancelled", "skipped"]);

/** A single task runs again only where its job has ended badly. */
const mayRetry = (job: Job, task: Task): boolean =>
  (job.status === "failed" || job.status === "cancelled") && ENDED_BADLY.has(task.status);

export function TaskRetry({ job, task }: { job: Job; task: Task }) {
  const [asked, setAsked] = useState(false);
  const tenant = useTenant();
  const client = useQueryClient();
  const retrying = useMutation({
    mutationFn: () => retryTask(job.id, task.id, { tenant }),
    onSuccess: async () => {
      setAsked(false);
      await client.invalidateQueries({ queryKey: keys.job(tenant, job.id) });
    },
  });
  if (!mayRetry(job, task)) return null;
  return (
    <>
      <Button onClick={() => setAsked(true)}>
        <RotateCcw aria-hidden /> Retry task
      </Button>
      <ConfirmDialog
        open={asked}
        title={`Retry ${task.key}?`}
        description={`This task and what hangs on it in ${job.name} will run again; its attempts are kept and its counters start anew.`}
        confirmLabel="Retry the task"
        tenant={tenant}
        busy={retrying.isPending}
        error={retrying.error}
        onConfirm={() => retrying.mutate()}
        onClose={() => setAsked(false)}
      />
    </>
  );
}
