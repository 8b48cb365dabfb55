/** One task: why it is where it is, attempts, error, log, data. Its place in the URL is `?task=`. */
import { X } from "lucide-react";
import { useEffect, useEffectEvent, useState } from "react";
import type { JobDetail, Task, TaskDetail } from "@/api/domain";
import { isStatus } from "@/api/errors";
import { useTask } from "@/api/taskQueries";
import { TaskData } from "@/features/job/drawer/TaskData";
import { TaskOverview } from "@/features/job/drawer/TaskOverview";
import { TaskRetry } from "@/features/job/drawer/TaskRetry";
import { TaskLog } from "@/features/job/drawer/TaskLog";
import { cx } from "@/lib/cx";
import { IconButton } from "@/ui/Button";
import { CopyId } from "@/ui/Command";
import { Loaded } from "@/ui/Loaded";
import { SkeletonRows } from "@/ui/Skeleton";
import { EmptyState } from "@/ui/States";
import { StatusChip } from "@/ui/StatusChip";

const PARTS = ["overview", "log", "data"] as const;
type Part = (typeof PARTS)[number];
const TITLES: Record<Part, string> = { overview: "Overview", log: "Log", data: "Data" };

interface Props {
  job: JobDetail;
  taskId: string;
  tasks: Task[];
  openTask: (taskId: string | null) => void;
}

/** Escape closes, from the drawer and from anything but a dialog or a field. */
function useEscape(onClose: () => void): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    const target = event.target as Element;
    if (event.key !== "Escape" || event.defaultPrevented) return;
    if (!target.closest("[role=dialog], [role=menu], input, select")) onClose();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => press(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}

function Head({ job, task, onClose }: { job: JobDetail; task: Task; onClose: () => void }) {
  return (
    <div className="flex flex-col gap-2 px-5 pt-4 pb-3">
      <div className="flex items-start gap-2">
        <h2 className="min-w-0 flex-1 text-lg font-semibold tracking-[-0.01em] break-words">{task.key}</h2>
        <TaskRetry job={job} task={task} />
        <IconButton label="Close (Esc)" onClick={onClose} className="-mr-2">
          <X aria-hidden />
        </IconButton>
      </div>
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1 text-sm text-muted">
        <StatusChip status={task.status} />
        <span>{task.stage}</span>
        <span aria-hidden>·</span>
        <span className="font-mono text-xs">{task.engineId}</span>
        <span aria-hidden>·</span>
        <CopyId id={task.id} />
      </div>
    </div>
  );
}

interface BodyProps extends Props {
  task: TaskDetail;
  part: Part;
  attempt: number | null;
  setAttempt: (attempt: number) => void;
}

function Body({ job, tasks, task, part, attempt, setAttempt, openTask }: BodyProps) {
  if (part === "log") {
    const number = attempt ?? (task.attempt > 0 ? task.attempt : null);
    return (
      <TaskLog
        key={number}
        attempt={{ jobId: job.id, taskId: task.id, attempt: number }}
        current={number === task.attempt}
        active={task.status === "running"}
      />
    );
  }
  if (part === "data") return <TaskData task={task} />;
  return <TaskOverview job={job} task={task} tasks={tasks} openTask={openTask} onLog={setAttempt} />;
}

export default function TaskDrawer(props: Props) {
  const { job, taskId, tasks, openTask } = props;
  const [part, setPart] = useState<Part>("overview");
  const [attempt, setAttempt] = useState<number | null>(null);
  const close = () => openTask(null);
  useEscape(close);
  const known = tasks.find((task) => task.id === taskId);
  const detail = useTask(job, taskId, known);
  if (!known || isStatus(detail.error, 404)) {
    return (
      <aside aria-label="Task" className="w-[480px] shrink-0 border-l border-line bg-surface">
        <EmptyState title="There is no such task in this job">
          <button type="button" className="underline" onClick={close}>
            Close
          </button>
        </EmptyState>
      </aside>
    );
  }
  const showLog = (number: number) => {
    setAttempt(number);
    setPart("log");
  };
  return (
    <aside
      aria-label={`Task ${known.key}`}
      className="flex w-[480px] max-w-full shrink-0 animate-drawer flex-col border-l border-line bg-surface max-lg:fixed max-lg:inset-y-0 max-lg:right-0 max-lg:z-30"
    >
      <Head job={job} task={known} onClose={close} />
      <div role="group" aria-label="Parts of the task" className="flex gap-1 border-b border-line px-3">
        {PARTS.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={part === name}
            onClick={() => setPart(name)}
            className={cx(
              "-mb-px h-8 border-b-2 px-2 text-sm -outline-offset-2",
              part === name ? "border-ink font-medium" : "border-transparent text-muted hover:text-ink",
            )}
          >
            {TITLES[name]}
          </button>
        ))}
      </div>
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
        <Loaded query={detail} what="the task" skeleton={<SkeletonRows rows={6} />}>
          {(task) => <Body {...props} task={task} part={part} attempt={attempt} setAttempt={showLog} />}
        </Loaded>
      </div>
    </aside>
  );
}
