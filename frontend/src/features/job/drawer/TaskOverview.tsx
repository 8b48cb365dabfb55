import { lazy, Suspense, type ReactNode } from "react";
import type { JobDetail, Task, TaskDetail } from "@/api/domain";
import { Attempts } from "@/features/job/drawer/Attempts";
import { ReceiptSteps } from "@/features/job/ReceiptSteps";
import { formatMemory } from "@/lib/format";
import { formatDuration } from "@/lib/time";
import { Age, Duration } from "@/ui/Age";
import { Fact } from "@/ui/Fact";
import { StatusIcon } from "@/ui/StatusChip";

const WhyPanel = lazy(() => import("@/features/job/drawer/WhyPanel"));

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
      <Suspense>
        <WhyPanel job={job} task={task} />
      </Suspense>
      <Failure task={task} />
      <dl className="grid grid-cols-3 gap-x-4 gap-y-3">
        {facts(task).map(([label, value]) => (
          <Fact key={label} label={label}>
            {value}
          </Fact>
        ))}
      </dl>
      {task.cancel && (
        <section aria-label="Cancel" className="flex flex-col gap-1.5">
          <h3 className="text-sm font-medium">Stopping it</h3>
          <ReceiptSteps receipt={task.cancel} upright />
        </section>
      )}
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
