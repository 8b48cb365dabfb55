/** Jobs as rows, on the Jobs page and the dashboard. */
import { useNavigate } from "react-router";
import type { Job } from "@/api/domain";
import { KeptLink, useTenant, withTenant } from "@/app/tenant";
import type { Choosing } from "@/features/jobs/useSelection";
import { formatNumber, shortId } from "@/lib/format";
import { Age, Duration } from "@/ui/Age";
import { DemoTag } from "@/ui/DemoTag";
import { percent, ProgressBar } from "@/ui/ProgressBar";
import { RaisedTag } from "@/ui/RaisedTag";
import { StatusChip } from "@/ui/StatusChip";
import { CELL, HEAD_CELL, HEAD_ROW, NUMBER, ROW, TABLE } from "@/ui/table";

interface Props {
  jobs: Job[];
  /** Row under the keyboard's cursor. */
  active?: number;
  /** Fewer columns, for a panel. */
  compact?: boolean;
  /** Set: rows can be chosen. */
  choosing?: Choosing;
}

export const jobPath = (id: string): string => `/jobs/${id}`;

function Labels({ labels }: { labels: Record<string, string> }) {
  return Object.entries(labels)
    .slice(0, 2)
    .map(([name, value]) => (
      <span key={name} className="rounded-[4px] border border-line px-1 font-mono text-2xs text-muted">
        {name}:{value}
      </span>
    ));
}

function Name({ job, compact }: { job: Job; compact: boolean }) {
  return (
    <div className="flex min-w-0 items-center gap-2.5">
      <KeptLink to={jobPath(job.id)} className="truncate font-medium text-ink hover:underline">
        {job.name}
      </KeptLink>
      {job.demo && <DemoTag />}
      {job.raised && <RaisedTag />}
      {!compact && <span className="font-mono text-xs text-muted">{shortId(job.id)}</span>}
      {!compact && <Labels labels={job.labels} />}
    </div>
  );
}

function StatusCell({ job, compact }: { job: Job; compact: boolean }) {
  const { failed } = job.progress;
  return (
    <div className="flex items-center gap-2">
      <StatusChip status={job.status} />
      {!compact && job.status === "completed" && failed > 0 && (
        <span className="text-xs text-muted">{failed} optional failed</span>
      )}
    </div>
  );
}

const BOX = "size-4 cursor-pointer accent-gray-900 align-middle dark:accent-gray-100";

function ChooseCell({ job, choosing }: { job: Job; choosing: Choosing }) {
  return (
    <td className={`${CELL} w-8 pr-0`}>
      <input
        type="checkbox"
        className={BOX}
        aria-label={`Select ${job.name} ${shortId(job.id)}`}
        checked={choosing.has(job.id)}
        onChange={(event) => choosing.toggle(job.id, (event.nativeEvent as MouseEvent).shiftKey)}
      />
    </td>
  );
}

function ChoosePage({ choosing }: { choosing: Choosing }) {
  return (
    <th className={`${HEAD_CELL} w-8 pr-0`}>
      <input
        type="checkbox"
        className={BOX}
        aria-label="Select all on this page"
        checked={choosing.page === "all"}
        ref={(box) => {
          if (box) box.indeterminate = choosing.page === "some";
        }}
        onChange={choosing.togglePage}
      />
    </th>
  );
}

interface RowProps {
  job: Job;
  active: boolean;
  compact: boolean;
  choosing: Choosing | undefined;
}

function JobRow({ job, active, compact, choosing }: RowProps) {
  const navigate = useNavigate();
  const tenant = useTenant();
  const path = withTenant(jobPath(job.id), tenant);
  return (
    <tr
      className={ROW}
      data-active={active}
      data-job={job.id}
      onClick={(event) => {
        if (!(event.target as Element).closest("a, input")) void navigate(path);
      }}
    >
      {choosing && <ChooseCell job={job} choosing={choosing} />}
      <td className={`${CELL} max-w-0 cursor-pointer`}>
        <Name job={job} compact={compact} />
      </td>
      {!compact && <td className={`${CELL} text-body`}>{job.pipeline ?? <span className="text-muted">own tasks</span>}</td>}
      {!tenant && <td className={`${CELL} text-body`}>{job.tenant}</td>}
      <td className={CELL}>
        <StatusCell job={job} compact={compact} />
      </td>
      <td className={CELL}>
        <div className="flex items-center gap-2">
          <ProgressBar progress={job.progress} className="w-24" />
          <span className="w-9 text-right font-mono text-xs text-muted">{percent(job.progress)} %</span>
        </div>
      </td>
      {!compact && <td className={`${CELL} ${NUMBER}`}>{formatNumber(job.progress.total)}</td>}
      <td className={`${CELL} ${NUMBER}`}>
        <Duration span={job} />
      </td>
      <td className={`${CELL} text-right text-muted`}>
        <Age at={job.createdAt} />
      </td>
    </tr>
  );
}

export function JobTable({ jobs, active = -1, compact = false, choosing }: Props) {
  const tenant = useTenant();
  return (
    <table className={TABLE}>
      <thead>
        <tr className={HEAD_ROW}>
          {choosing && <ChoosePage choosing={choosing} />}
          <th className={`${HEAD_CELL} w-full min-w-48`}>Job</th>
          {!compact && <th className={HEAD_CELL}>Pipeline</th>}
          {!tenant && <th className={HEAD_CELL}>Tenant</th>}
          <th className={HEAD_CELL}>Status</th>
          <th className={HEAD_CELL}>Progress</th>
          {!compact && <th className={`${HEAD_CELL} text-right`}>Tasks</th>}
          <th className={`${HEAD_CELL} text-right`}>Duration</th>
          <th className={`${HEAD_CELL} text-right`}>Created</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job, i) => (
          <JobRow key={job.id} job={job} active={i === active} compact={compact} choosing={choosing} />
        ))}
      </tbody>
    </table>
  );
}
