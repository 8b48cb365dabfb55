import { Fragment, type ReactNode } from "react";
import type { JobDetail } from "@/api/domain";
import { KeptLink } from "@/app/tenant";
import { JobActions } from "@/features/job/JobActions";
import { Age, Duration } from "@/ui/Age";
import { CopyId } from "@/ui/Command";
import { DemoTag } from "@/ui/DemoTag";
import { RaisedTag } from "@/ui/RaisedTag";
import { percent, ProgressBar, settled } from "@/ui/ProgressBar";
import { StatusChip } from "@/ui/StatusChip";
import { formatGpuTime, formatNumber } from "@/lib/format";

function statusNote({ status, progress }: JobDetail): string | null {
  return status === "completed" && progress.failed > 0 ? `${progress.failed} optional failed` : null;
}

const LINK = "rounded-sm text-body underline-offset-2 hover:text-ink hover:underline";

function facts(job: JobDetail): [string, ReactNode][] {
  const pipeline = job.pipeline && (
    <KeptLink to={`/jobs?pipeline=${encodeURIComponent(job.pipeline)}`} className={LINK}>
      {job.pipeline}
    </KeptLink>
  );
  const labels = Object.entries(job.labels).map(([name, value]): [string, ReactNode] => [
    `label ${name}`,
    <KeptLink
      key={name}
      to={`/jobs?label=${encodeURIComponent(`${name}:${value}`)}`}
      className="rounded-[4px] border border-line px-1 font-mono text-2xs text-body hover:text-ink"
    >
      {name}:{value}
    </KeptLink>,
  ]);
  return [
    ["id", <CopyId key="id" id={job.id} />],
    ["tenant", job.tenant],
    ["pipeline", pipeline ?? "own tasks"],
    ...(job.priority === 0 ? [] : [["priority", `priority ${job.priority}`] satisfies [string, string]]),
    ...(job.gpuSeconds === null ? [] : [["gpu", formatGpuTime(job.gpuSeconds)] satisfies [string, string]]),
    ["created", <Fragment key="at">created <Age at={job.createdAt} /></Fragment>],
    ...labels,
  ];
}

export function JobHeader({ job }: { job: JobDetail }) {
  const note = statusNote(job);
  const { progress } = job;
  return (
    <div className="flex flex-col gap-2 px-6 pt-5 pb-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="max-w-[50ch] truncate text-xl font-semibold tracking-[-0.015em]">{job.name}</h1>
        {job.demo && <DemoTag />}
        {job.raised && <RaisedTag />}
        <StatusChip status={job.status} />
        {note && <span className="text-sm text-muted">{note}</span>}
        <div className="flex items-center gap-2.5 pl-1">
          <ProgressBar progress={progress} className="w-40" />
          <span className="text-sm text-body">
            {percent(progress)} %
            <span className="text-muted">
              {" "}
              · {formatNumber(settled(progress))} / {formatNumber(progress.total)}
            </span>
          </span>
          <span className="text-muted" aria-hidden>
            ·
          </span>
          <Duration span={job} />
        </div>
        <div className="ml-auto">
          <JobActions job={job} />
        </div>
      </div>
      <ul className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-muted">
        {facts(job).map(([name, value], i) => (
          <li key={name} className="flex items-center gap-2">
            {i > 0 && <span aria-hidden>·</span>}
            <span>{value}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
