/** First on a failed job: what failed, how it said so, what that took down with it. */
import { CircleX } from "lucide-react";
import type { JobDetail, Task } from "@/api/domain";
import type { JobView } from "@/features/job/useJobView";
import { formatCount } from "@/lib/format";
import { Age } from "@/ui/Age";
import { Button } from "@/ui/Button";

const SHOWN_MAX = 3;

/** Required failures first, and the earliest of them: it is the cause. */
export function causes(tasks: Task[]): Task[] {
  return tasks
    .filter((task) => task.status === "failed")
    .toSorted(
      (a, b) =>
        Number(b.required) - Number(a.required) || (a.completedAt ?? Infinity) - (b.completedAt ?? Infinity),
    );
}

function consequence({ progress }: JobDetail): string | null {
  const parts = [
    progress.skipped > 0 && `${formatCount(progress.skipped, "task")} skipped`,
    progress.cancelled > 0 && `${progress.cancelled} cancelled`,
  ].filter(Boolean);
  return parts.length > 0 ? `${parts.join(", ")} because of it` : null;
}

function Cause({ task, onOpen }: { task: Task; onOpen: () => void }) {
  return (
    <li className="flex flex-col gap-1.5">
      <div className="flex flex-wrap items-baseline gap-x-2 text-sm">
        <button type="button" onClick={onOpen} className="rounded-sm font-medium underline-offset-2 hover:underline">
          {task.key}
        </button>
        {task.errorCode && <code className="font-mono text-xs text-danger">{task.errorCode}</code>}
        <span className="text-body">
          {task.engineId} · {formatCount(task.attempt, "attempt")}
          {!task.required && " · optional"}
          {task.worker && ` · ${task.worker}`}
          {task.completedAt !== null && (
            <>
              {" · "}
              <Age at={task.completedAt} />
            </>
          )}
        </span>
      </div>
      {task.error && (
        <pre className="max-h-28 overflow-auto rounded-sm border border-red-200 bg-surface px-3 py-2 font-mono text-xs leading-5 whitespace-pre-wrap dark:border-red-950">
          {task.error}
        </pre>
      )}
    </li>
  );
}

interface Props {
  job: JobDetail;
  tasks: Task[];
  view: JobView;
}

export function FailurePanel({ job, tasks, view }: Props) {
  if (job.status !== "failed") return null;
  const failed = causes(tasks);
  const more = failed.length - SHOWN_MAX;
  const after = consequence(job);
  return (
    <section
      aria-label="Failure"
      className="mx-6 mb-3 flex flex-col gap-2 rounded-md border border-red-300 bg-red-50 px-4 py-3 dark:border-red-900 dark:bg-red-950/40"
    >
      <div className="flex items-center gap-2">
        <CircleX className="size-4 text-danger" aria-hidden />
        <h2 className="text-sm font-semibold">
          {failed.length > 0 ? `${formatCount(failed.length, "task")} failed` : "The job failed"}
        </h2>
        {after && <span className="text-sm text-body">{after}</span>}
        {more > 0 && (
          <Button tone="ghost" className="ml-auto h-6" onClick={() => view.openList({ status: "failed" })}>
            All {failed.length}
          </Button>
        )}
      </div>
      {failed.length === 0 && job.error && <p className="font-mono text-xs">{job.error}</p>}
      <ul className="flex flex-col gap-2">
        {failed.slice(0, SHOWN_MAX).map((task) => (
          <Cause key={task.id} task={task} onOpen={() => view.openTask(task.id)} />
        ))}
      </ul>
    </section>
  );
}
