/** Why a task is where it is, in one sentence, and what its way here was made of. */
import type { JobDetail, TaskDetail, Why, WhySpan } from "@/api/domain";
import { useWhy } from "@/api/why";
import { expectedOf, lookOf } from "@/features/job/drawer/reasons";
import { partsOf, totalsOf, type Part } from "@/features/job/drawer/stack";
import { cx } from "@/lib/cx";
import { useNow } from "@/lib/ticker";
import { formatAbsolute, formatClock, formatDuration } from "@/lib/time";
import { Age } from "@/ui/Age";

/** Of these the rest of the drawer says more. */
const PLAIN = new Set(["completed", "failed", "running"]);

const spoken = ({ reason, ms }: Pick<Part, "reason" | "ms">): string =>
  `${lookOf(reason).label} ${formatDuration(ms)}`;

/** Up to so many are each wide enough to be seen, however short. */
const SEEN_MAX = 60;

function Bar({ parts }: { parts: Part[] }) {
  const roomy = parts.length <= SEEN_MAX;
  return (
    <div
      role="img"
      aria-label={parts.map(spoken).join(", ")}
      className={cx("flex h-2.5 overflow-hidden rounded-sm bg-gray-200 dark:bg-gray-800", roomy && "gap-px")}
    >
      {parts.map((part) => (
        <span
          key={part.from}
          title={`${spoken(part)}: ${formatClock(part.from)} – ${part.open ? "now" : formatClock(part.to)}`}
          className={cx("h-full", roomy && "min-w-[3px]", lookOf(part.reason).bar)}
          style={{ flex: `${Math.max(part.ms, 1)} 1 0` }}
        />
      ))}
    </div>
  );
}

function Clock({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={formatAbsolute(at)}>
      {formatClock(at)}
    </time>
  );
}

function Stack({ history }: { history: WhySpan[] }) {
  const parts = partsOf(history, useNow());
  const [first, last] = [parts[0], parts.at(-1)];
  if (!first || !last) return null;
  return (
    <section aria-label="Its way here" className="flex flex-col gap-1.5">
      <h3 className="text-sm font-medium">Its way here</h3>
      <Bar parts={parts} />
      <div className="flex justify-between font-mono text-2xs text-muted">
        <Clock at={first.from} />
        {last.open ? <span>now</span> : <Clock at={last.to} />}
      </div>
      <ul className="grid grid-cols-2 gap-x-4 gap-y-1 text-xs">
        {totalsOf(parts).map(({ reason, ms }) => (
          <li key={reason} className="flex items-baseline gap-1.5">
            <span aria-hidden className={cx("size-2 shrink-0 rounded-[2px]", lookOf(reason).bar)} />
            <span className="min-w-0 flex-1">{lookOf(reason).label}</span>
            <span className="font-mono text-2xs whitespace-nowrap text-muted">{formatDuration(ms)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** From the server, or what the task itself knows until it has answered. */
function Sentence({ task, why }: { task: TaskDetail; why: Why | null }) {
  const sentence = why?.detail ?? task.reason;
  const eta = why ? why.eta : task.retryAt;
  if (!sentence && eta === null) return null;
  return (
    <p className="flex flex-col rounded-sm border border-line bg-sunken px-3 py-2 text-sm">
      {sentence && <span>{sentence}</span>}
      {eta !== null && (
        <span className="text-muted">
          {expectedOf(why?.reason ?? "retry_wait")} <Age at={eta} />.
        </span>
      )}
    </p>
  );
}

export default function WhyPanel({ job, task }: { job: JobDetail; task: TaskDetail }) {
  const why = useWhy(job.id, task).data ?? null;
  return (
    <>
      {!PLAIN.has(why?.reason ?? task.status) && <Sentence task={task} why={why} />}
      {why && <Stack history={why.history} />}
    </>
  );
}
