import { useWhy } from "@/api/queries";
import type { JobDetail, Task, TaskDetail } from "@/api/domain";
import { Attempts } from "@/features/job/drawer/Attempts";
import { formatMemory } from "@/lib/format";
import { formatDuration } from "@/lib/time";
import { Age, Duration } from "@/ui/Age";
import { Fact } from "@/ui/Fact";
import { StatusIcon } from "@/ui/StatusChip";
import type { ReactNode } from "react";

const UNSETTLED = new Set(["pending", "ready"]);
const EXPLAINED = new Set(["pending", "ready", "skipped", "cancelled"]);

/** One sentence why it does not run, from the server where it can say, else from the task itself. */
function Reason({ job, task }: { job: JobDetail; task: TaskDetail }) {
  const unsettled = UNSETTLED.has(task.status);
  const why = useWhy(job.id, task.id, EXPLAINED.has(task.status)).data;
  const sentence = why?.detail ?? task.reason;
  const retryAt = unsettled ? task.retryAt : null;
  if (!sentence && retryAt === null) return null;
  return (
    <p className="flex flex-col rounded-sm border border-line bg-sunken px-3 py-2 text-sm">
      {sentence && <span>{sentence}</span>}
      {retryAt !== null && (
        <span>
          Next try <Age at={retryAt} />.
        </span>
      )}
    </p>
  );
}

function Failure({ task }: { task: TaskDetail }) {
  if (!task.error && !task.errorCode) return null;
  return (
    <section aria-label="Error" className="flex flex-col gap-1.5">
      <h3 className="flex items-baseline gap-2 text-sm font-medium">
        Error {task.errorCode && <code className="font-mono text-xs text-danger">{task.errorCode}</code>}
      </h3>
      {task.error && (
        <pre className="max-h-60 overflow-auto rounded-sm border border-red-200 bg-red-50 px-3 py-2 font-mono text-xs leading-5 whitespace-pre-wrap dark:border-red-900 dark:bg-red-950/40">
          {task.error}
        </pre>
      )}
    </section>
  );
}

function facts(task: TaskDetail): [string, ReactNode][] {
  return [
    ["Waited", task.waitMs === null ? "–" : formatDuration(task.waitMs)],
    ["Ran", <Duration key="ran" span={task} />],
    ["Started", task.startedAt === null ? "–" : <Age key="at" at={task.startedAt} />],
    ["Worker", task.worker ?? "–"],
    ["Failures", `${task.failures} of ${task.maxRetries + 1} allowed`],
    ["GPU memory peak", task.gpuMemoryPeakMb === null ? "–" : formatMemory(task.gpuMemoryPeakMb)],
  ];
}

interface NeighboursProps {
  title: string;
  tasks: Task[];
  openTask: (id: string) => void;
}

const NEIGHBOURS_MAX = 12;

function Neighbours({ title, tasks, openTask }: NeighboursProps) {
  if (tasks.length === 0) return null;
  return (
    <section aria-label={title} className="flex flex-col gap-1.5">
      <h3 className="text-sm font-medium">{title}</h3>
      <ul className="flex flex-wrap gap-1.5">
        {tasks.slice(0, NEIGHBOURS_MAX).map((task) => (
          <li key={task.id}>
            <button
              type="button"
              onClick={() => openTask(task.id)}
              className="flex h-6 items-center gap-1.5 rounded-full border border-line-strong px-2 text-xs hover:bg-sunken"
            >
              <StatusIcon status={task.status} className="size-3" />
              {task.key}
            </button>
          </li>
        ))}
        {tasks.length > NEIGHBOURS_MAX && (
          <li className="text-xs leading-6 text-muted">and {tasks.length - NEIGHBOURS_MAX} more</li>
        )}
      </ul>
    </section>
  );
}

interface Props {
  job: JobDetail;
  task: TaskDetail;
  tasks: Task[];
  openTask: (id: string) => void;
  onLog: (attempt: number) => void;
}

export function TaskOverview({ job, task, tasks, openTask, onLog }: Props) {
  const needed = new Set(task.dependencies);
  return (
    <div className="flex flex-col gap-5 px-5 py-4">
      <Reason job={job} task={task} />
      <Failure task={task} />
      <dl className="grid grid-cols-3 gap-x-4 gap-y-3">
        {facts(task).map(([label, value]) => (
          <Fact key={label} label={label}>
            {value}
          </Fact>
        ))}
      </dl>
      <Attempts attempts={task.attempts} onLog={onLog} />
      <Neighbours title="Depends on" tasks={tasks.filter(({ id }) => needed.has(id))} openTask={openTask} />
      <Neighbours
        title="Needed by"
        tasks={tasks.filter(({ dependencies }) => dependencies.includes(task.id))}
        openTask={openTask}
      />
    </div>
  );
}
